# SPDX-License-Identifier: GPL-2.0
# gnuplot -c plot.gp cost|growth|merged DIR: DIR/NAME.dat -> DIR/NAME.svg
set terminal svg size 900,600 font "sans,13" background "white"
set output ARG2."/".ARG1.".svg"
data = ARG2."/".ARG1.".dat"
set grid y
set key top left

if (ARG1 eq "cost") {
	set style data histogram
	set style fill solid 0.8
	set logscale y
	set ylabel "instructions per page"
	set xtics rotate by -40 nomirror
	plot data using 2:xtic(1) title "6.12", "" using 3 title "this KSM"
}
if (ARG1 eq "growth") {
	set logscale xy
	set xlabel "settled unique pages"
	set ylabel "instructions of ksmd per page and pass"
	plot data using 1:2 with linespoints title "6.12", "" using 1:3 with linespoints title "this KSM"
}
if (ARG1 eq "merged") {
	set xlabel "instructions of ksmd, millions"
	set ylabel "pages merged"
	plot data index 0 using ($1/1e6):2 with linespoints title "6.12", "" index 1 using ($1/1e6):2 with linespoints title "this KSM"
}
