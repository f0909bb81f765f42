#!/bin/sh
# Files that come along: they go to the disk as they come, whatever their size, and the daemon's memory stays as it was.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
token=$(make_token train)
serve --access-log "$tmp/access.log" --set http.bodyBytes=20000 --set http.uploadBytes=60000000
f=$url/api/v2/functions
# get NAME STATUS ARGUMENT...
get() {
    get_name=$1 get_status=$2
    shift 2
    same "$get_name" "$(curl -s -H "Authorization: Bearer $token" -D "$tmp/$get_name.head" -o "$tmp/$get_name" -w '%{http_code}' "$@")" "$get_status"
}
get uploaded 201 -F 'name=tickets' -F "file=@$data" "$f/uploadDataset"
has uploaded '"dataset_id":"' '"name":"tickets"' "$(sha256sum <"$data" | cut -d ' ' -f 1)"
get renamed 201 -F "file=@$data;filename=../x.so" "$f/uploadDataset"
same 'nobody else chooses the names of files here' "$(find "$state/data" -name '*.so*' | wc -l)/$(find "$state/data" -name '*.data' | wc -l)" 0/1
get two_files 422 -F "file=@$data" -F "more=@$data" "$f/uploadDataset"
has two_files 'more than one file'
get no_file_taken 422 -F "file=@$data" "$f/getAgent"
get large_field 422 -F "name=<$data" -F "file=@$data" "$f/uploadDataset"
has large_field 'larger than this server takes'
printf -- '--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--' >"$tmp/nameless.body"
get nameless 422 -H 'Content-Type: multipart/form-data; boundary=x' --data-binary "@$tmp/nameless.body" "$f/uploadDataset"
has nameless 'no Content-Disposition with a name'
printf -- '--x\r\nContent-Disposition: form-data; name="file"; filename="../../etc/x.jsonl"\r\n\r\n{"input":' >"$tmp/cut.body"
get cut_short 422 -H 'Content-Type: multipart/form-data; boundary=x' --data-binary "@$tmp/cut.body" "$f/uploadDataset"
has cut_short 'closing delimiter'
copies=0
while [ $((copies += 1)) -le 130 ]; do cat "$data"; done >"$tmp/large.jsonl"
get large 201 -F "file=@$tmp/large.jsonl" "$f/uploadDataset"
before=$(awk '/VmHWM/ { print $2 }' "/proc/$daemon/status")
head -c 70000000 /dev/zero >"$tmp/too_large.jsonl"
get too_large 413 -F "file=@$tmp/too_large.jsonl" "$f/uploadDataset"
get without_end 413 -H 'Transfer-Encoding: chunked' -H 'Expect:' -F "file=@$tmp/too_large.jsonl" "$f/uploadDataset"
after=$(awk '/VmHWM/ { print $2 }' "/proc/$daemon/status")
holds "60 MB that come in take none of the daemon's memory (KB): $((after - before))" $((after - before)) -lt 4000
left=$(find "$state" -type f -size +10000k | wc -l)
same 'nothing is left of what was refused' "$left" 1
finish
