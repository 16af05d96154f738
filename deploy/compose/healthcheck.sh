# `bash deploy/compose/healthcheck.sh <port>`: ends with 0 when the service there says UP.
# It is asked in each container every few seconds: a Node that starts for it would cost fifty times as much.
set -e
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
answer=$(timeout 4 cat <&3)
echo "${answer##*$'\r\n\r\n'}" # `docker inspect` shows it
[[ $answer == HTTP/1.?' 200 '* ]]
