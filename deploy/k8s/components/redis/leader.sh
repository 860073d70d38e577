# Says `leader`: the address of whoever leads and answers, by what the sentinels say; before there are any, the first of
# the three. Addresses and not names: a sentinel that waits for a dead pod's name loses count of time and chooses nobody.
set -eu
me=$(hostname -i | cut -d ' ' -f 1)
password=$(cat /run/secrets/password)
tries=0
while :; do
    tries=$((tries + 1))
    leader=$(timeout 3 valkey-cli -h redis-sentinels -p 26379 sentinel get-master-addr-by-name fleet 2>/dev/null | head -n 1 || true)
    # One that cannot be asked is no proof that there is none.
    if [ -z "$leader" ] && [ $tries -ge 5 ]; then leader=$(getent hosts redis-server-0.redis-nodes | cut -d ' ' -f 1 || true); fi
    if [ "$leader" = "$me" ]; then break; fi
    # One that was the leader and has another address now waits here until there is a new one, instead of leading empty.
    if [ -n "$leader" ] && REDISCLI_AUTH=$password timeout 3 valkey-cli -h "$leader" ping 2>/dev/null | grep -q PONG; then break; fi
    sleep 1
done
