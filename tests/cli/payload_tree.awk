# A report tree with a payload of payloads.txt in each field that holds text: titles, labels, values, cells, paragraphs.
function quoted(s) {
    gsub(/\\/, "\\\\\\\\", s)
    gsub(/"/, "\\\"", s)
    gsub(/\t/, "\\t", s)
    return "\"" s "\""
}
{ p[n++] = $0 }
END {
    printf "{\"type\":\"single_job\",\"title\":%s,\"fields\":[{\"key\":\"job_id\",\"label\":%s,\"type\":\"text\",\"value\":%s}],\"sections\":[", quoted(p[0]), quoted(p[1]), quoted(p[2])
    for (i = 0; i < n; i++) {
        q = quoted(p[i])
        printf "%s{\"key\":\"s%d\",\"title\":%s,\"items\":[{\"text\":%s},{\"values\":[{\"key\":\"v\",\"label\":%s,\"type\":\"text\",\"value\":%s}]},", i ? "," : "", i, q, q, q, q
        printf "{\"table\":{\"key\":\"t%d\",\"title\":%s,\"columns\":[{\"key\":\"name\",\"label\":%s,\"type\":\"text\"},{\"key\":\"value\",\"label\":\"V\",\"type\":\"real\"},", i, q, q
        printf "{\"key\":\"low\",\"label\":%s,\"type\":\"real\"},{\"key\":\"high\",\"label\":%s,\"type\":\"real\"}],\"rows\":[[%s,0.5,0.4,0.6],[%s,null,null,null]]}},", q, q, q, q
        printf "{\"series\":{\"key\":\"c%d\",\"title\":%s,\"x\":[1,2],\"y\":[0.25,null]}}]}", i, q
    }
    printf "]}"
}
