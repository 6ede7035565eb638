#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# worker.pl N FILE: loads FILE as a program would that works with it, then does
# what its standard input says, and answers "N word" to each. For systems without
# python3: see worker.py.
use strict;
use warnings;

my $PAGE = 4096;
my ($number, $path) = @ARGV;

sub answer { print "$number @_\n" }

# One sum of the bytes, one of the lines made of them
sub checksums {
	my ($buffer, $lines) = @_;
	my $of_lines = 0;
	$of_lines = ($of_lines * 31 + unpack('%32C*', $_)) % 2**32 for @$lines;
	return unpack('%32C*', $$buffer) . " $of_lines";
}

# Changes each page of the first quarter, differently in each process
sub rewrite {
	my ($buffer) = @_;
	my $pages = int(length($$buffer) / $PAGE / 4);
	my $mark = "process $number was here";
	substr($$buffer, $_ * $PAGE, length($mark)) = $mark for 0 .. $pages - 1;
	return $pages;
}

$| = 1;
open(my $file, '<:raw', $path) or die "$path: $!\n";
my $buffer = do { local $/; <$file> };
my @lines = split /\n/, $buffer;
my $last = $#lines < 20000 ? $#lines : 20000;
my %words;
for my $line (0 .. $last) {
	push @{$words{$_}}, $line for split ' ', $lines[$line];
}
my $sums = checksums(\$buffer, \@lines);

answer('loaded', length($buffer) >> 20, 'MiB,', scalar(@lines), 'lines');
while (my $command = <STDIN>) {
	chomp $command;
	if ($command eq 'write') {
		answer('written to', rewrite(\$buffer), 'pages');
		$sums = checksums(\$buffer, \@lines);
	} elsif ($command eq 'check') {
		answer(checksums(\$buffer, \@lines) eq $sums ? 'intact' : 'DAMAGED: its data changed');
	} elsif ($command eq 'quit') {
		last;
	}
}
