/* SPDX-License-Identifier: GPL-2.0 */
/* A file whose readers see the old text or the new one, and never a part. */
#pragma once

#include <string>

#include <sys/types.h>

namespace ksm
{

/* Returns 0 or an errno; then the file is as it was, and nothing else is left there. */
int replace_file(const std::string &path, const std::string &text, mode_t mode);

} /* namespace ksm */
