/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How well one number tells two kinds of samples apart. Nothing in here knows where the
 * samples come from.
 */
#pragma once

#include <cstddef>
#include <vector>

namespace ksm
{

using numbers = std::vector<double>;

/*
 * The area under the ROC curve: the probability that a matched sample is greater than a
 * control, where an equal one counts half (Mann-Whitney). 0.5 if they cannot be told
 * apart by their size, 1 or 0 if one look at one sample is enough.
 *
 * Its variance is that of DeLong, DeLong and Clarke-Pearson. The interval is Wilson's for
 * a proportion of that value and that variance, and at least what as many independent
 * comparisons leave open that never had another outcome: few exceptions, or none, have
 * next to no variance, and would seem to prove much.
 */
struct roc {
	double area;
	double low;
	double high;

	bool covers(double value) const { return low <= value && value <= high; }
};

/* Throws unless there are samples of both kinds. */
roc roc_of(const numbers &matched, const numbers &control, double level);

/*
 * The test of Kolmogorov and Smirnov: the greatest distance between the two distribution
 * functions, and how probable one as great is if there is no difference. Unlike the area,
 * it sees samples that are as great on the average, but scattered in another way. Ties
 * make the probability too great, never too small.
 */
struct distance {
	double greatest;
	double probability;
};

distance distance_of(const numbers &matched, const numbers &control);

/*
 * How many bits about its kind a sample tells: the mutual information, without the bias
 * that few samples bring (Miller and Madow). Values are taken as they are if there are few
 * different ones, else in classes of about as many samples each.
 */
double information_of(const numbers &matched, const numbers &control);

/* The middle one; the mean of the two in the middle if there are two. */
double median_of(numbers values);

/* How many standard deviations around 0 have so much of the normal distribution. */
double deviations_around(double level);

} /* namespace ksm */
