# What the operator's side of tests/compose/run is made of.

say() { printf '\n== %s  (%ss)\n' "$*" "$SECONDS"; }

# expect <what> <got>
expect() {
  if [ "$1" != "$2" ]; then
    printf '   expected %s, got %s (%s:%s)\n' "$1" "$2" "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" >&2
    return 1
  fi
  printf '   %s, as expected\n' "$1"
}

# within <seconds> <what is waited for> <command…>: until the command succeeds
within() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      printf '   waited in vain for: %s\n' "$what" >&2
      return 1
    fi
    sleep 1
  done
  printf '   %s, as expected\n' "$what"
}

if [ -z "${COMPOSE:-}" ]; then
  if docker compose version >/dev/null 2>&1; then COMPOSE='docker compose'; else COMPOSE=docker-compose; fi
fi
compose() { $COMPOSE "$@"; }
compose_version() { compose version --short 2>/dev/null || compose version | head -1; }

throw_away() { compose --profile workers down -v --remove-orphans >/dev/null 2>&1; }
containers() { docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"; }
volumes() { docker volume ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"; }

container_of() { containers | xargs docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}}' | awk -v name="$1" '$1 == name { print $2; exit }'; }
start_of() { docker inspect --format '{{.State.StartedAt}}' "$(container_of "$1")"; }
was_started_again() { [ "$(start_of "$1")" != "$2" ]; }
# As if it had crashed: a container that is killed from outside counts as stopped by hand. The
# container may end before the command in it does, and takes it along.
kill_service() {
  local started
  started=$(start_of "$1")
  docker exec "$(container_of "$1")" node -e '
    const fs = require("node:fs")
    for (const pid of fs.readdirSync("/proc").map(Number).filter(pid => pid > 1 && pid !== process.pid))
      if (fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/src/main.ts")) process.kill(pid, "SIGKILL")' || true
  within 30 "$1 was started again" was_started_again "$1" "$started"
}

# Every container is healthy, or runs where nobody asks for its health, or has done its one thing.
are_healthy() {
  local states
  states=$(containers | xargs docker inspect --format '{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.State.ExitCode}}')
  ! grep -vE ' running (healthy|none) | exited none 0$' <<<"$states"
}
wait_until_healthy() { within 180 'all containers are healthy' are_healthy; }

# The secrets are for the one user who reads them.
secrets_mode() {
  local modes
  modes=$(docker run --rm --user root -v "${COMPOSE_PROJECT_NAME}_secrets:/services:ro" -v "${COMPOSE_PROJECT_NAME}_postgres-password:/postgres:ro" \
    cronos:0.1.0 stat -c '%a %u' /services/secrets.properties /postgres/postgres.password | tr '\n' ' ')
  [ "$modes" = '400 1000 400 999 ' ] && echo private || echo "$modes"
}

in_kafka() { compose exec -T kafka "$@"; }
events() { in_kafka /opt/kafka/bin/kafka-console-consumer.sh --bootstrap-server kafka:29092 --topic job-events --from-beginning --timeout-ms 5000 --property print.key=true 2>/dev/null || true; }
# is_on_topic <events> <job>: the key is the job's id, and so is a field of the event.
is_on_topic() { grep -q "^$2[[:space:]].*\"jobId\":\"$2\"" <<<"$1" && echo true || echo false; }
group() { in_kafka /opt/kafka/bin/kafka-consumer-groups.sh --bootstrap-server kafka:29092 --describe --group job-consumers "$@" 2>/dev/null; }
show_group() { group | sed 's/^/   /'; }
# GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG …; a partition without an offset had no event yet
has_no_lag() { group | awk '$2 == "job-events" { seen++; if ($6 != "0" && !($6 == "-" && $5 == "0")) late++ } END { exit !(seen == 3 && !late) }'; }
has_members() { [ "$(group --members | grep -c job-consumers)" = "$1" ]; }
# shares_partitions <partitions> <members>: all are dealt out, among so many members
shares_partitions() { [ "$(group --members | awk '$1 == "job-consumers" && $5 > 0 { members++; sum += $5 } END { print sum, members }')" = "$1 $2" ]; }
