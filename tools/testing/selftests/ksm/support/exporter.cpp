// SPDX-License-Identifier: GPL-2.0
#include "support/exporter.hpp"

#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/limits.hpp"
#include "support/program.hpp"

namespace ksm
{

namespace
{

constexpr const char *asking = "GET /metrics HTTP/1.0\r\n\r\n";
constexpr int first_socket = 3; /* as sd_listen_fds(3) has it */

sockaddr_un address_of(const std::string &path)
{
	sockaddr_un address = {};

	address.sun_family = AF_UNIX;
	path.copy(address.sun_path, sizeof(address.sun_path) - 1);
	return address;
}

int unix_socket()
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int listening(const std::string &path)
{
	const int fd = unix_socket();
	const sockaddr_un address = address_of(path);

	unlink(path.c_str());
	require(!bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) &&
			!listen(fd, 8),
		"no socket at " + path);
	return fd;
}

std::string all_of(int fd)
{
	const timeval patience = {hang_limit().count(), 0};
	std::string text;
	char buffer[4096];
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		text.append(buffer, std::size_t(got));
	require(got == 0, "node_exporter does not answer");
	return text;
}

} /* namespace */

exporter::exporter(const std::string &textfiles)
	: path_("/tmp/exporter." + std::to_string(getpid())), socket_(listening(path_), "socket"),
	  process_([&](parent_link &) { run(textfiles); })
{
}

exporter::~exporter()
{
	process_.kill();
	unlink(path_.c_str());
}

void exporter::run(const std::string &textfiles) const
{
	require(dup2(socket_.get(), first_socket) == first_socket &&
			!fcntl(first_socket, F_SETFD, 0),
		"dup2");
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
	become({fetched("node_exporter", "usr/bin/prometheus-node-exporter"), "--log.level=error",
		"--web.systemd-socket", "--collector.disable-defaults", "--collector.ksmd",
		"--collector.textfile", "--collector.textfile.directory=" + textfiles});
}

std::map<std::string, double> exporter::metrics() const
{
	const owned_fd fd(unix_socket(), "socket");
	const sockaddr_un address = address_of(path_);
	const std::string question = asking;
	std::map<std::string, double> all;

	require(!connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) &&
			write(fd.get(), question.data(), question.size()) ==
				ssize_t(question.size()),
		"no connection to node_exporter");
	std::istringstream answer(all_of(fd.get()));

	for (std::string line; std::getline(answer, line);) {
		const std::size_t blank = line.rfind(' ');

		if (!line.empty() && line[0] != '#' && line.back() != '\r' && blank != line.npos)
			all[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
	}
	return all;
}

} /* namespace ksm */
