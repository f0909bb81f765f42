# Reads gcovr's table; prints for tests/coverage.sh. Variables: lines and branches, the bars in per cent. Ends with 1 below one of them.
function share(n, all) {
    return all ? 100 * n / all : 100
}
function row(name, l, la, b, ba) {
    return sprintf("%-36s %5.1f %% of %5d lines  %5.1f %% of %5d branches", name, share(l, la), la, share(b, ba), ba)
}
BEGIN { FS = "," }
NR > 1 {
    split($1, part, "/")
    n = split(part[1] "/" part[2] " all", sum, " ")
    for (i = 1; i <= n; i++) {
        la[sum[i]] += $2; l[sum[i]] += $3
        ba[sum[i]] += $5; b[sum[i]] += $6
    }
    lacks[row($1, $3, $2, $6, $5)] = $2 - $3 + $5 - $6
}
END {
    for (s in la)
        if (s != "all")
            print row(s, l[s], la[s], b[s], ba[s]) | "LC_ALL=C sort"
    close("LC_ALL=C sort")
    print "The files that lack most:"
    for (f in lacks)
        print lacks[f], f | "sort -rn | head -n 15 | cut -d ' ' -f 2-"
    close("sort -rn | head -n 15 | cut -d ' ' -f 2-")
    print row("all", l["all"], la["all"], b["all"], ba["all"])
    below = share(l["all"], la["all"]) < lines || share(b["all"], ba["all"]) < branches
    printf "bars: %s %% of lines, %s %% of branches: %s\n", lines, branches, below ? "missed" : "reached"
    exit below
}
