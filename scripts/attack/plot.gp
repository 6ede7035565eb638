# SPDX-License-Identifier: GPL-2.0
# gnuplot -c plot.gp DATA SVG: the area under the ROC curve of each channel, one colour a mode.
# DATA has a block for each mode: its name, then row, area, low, high and the channel's name.
set terminal svg size 900,900 font "sans,13" background "white" noenhanced
set output ARG2
stats ARG1 using 1 nooutput
blocks = STATS_blocks
rows = STATS_max
set xrange [-0.02:1.02]
set yrange [rows + 0.6:-0.6]
set xlabel "area under the ROC curve: at 0.5 nothing is learned, at 0 and 1 all"
set grid x
set ytics scale 0
set arrow from 0.5, graph 0 to 0.5, graph 1 nohead lt -1
set key outside top horizontal
set bars small
offset(block) = 0.8 * (block - (blocks - 1) / 2.0) / blocks
plot for [i = 0:blocks - 1] ARG1 index i using 2:($1 + offset(i)):3:4 \
	with xerrorbars pointtype 7 pointsize 0.5 title columnheader(1), \
	for [i = 0:blocks - 1] ARG1 index i using (0.5):1:ytic(5) every ::1 \
	with dots linecolor "black" notitle
