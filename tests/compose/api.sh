# What the user's side of tests/compose/run is made of.

# json <path or expression on `it`>: a value of the JSON on standard input
json() {
  node -e 'const it = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    const value = eval(/^[.[]/.test(process.argv[1]) ? `it${process.argv[1]}` : process.argv[1])
    console.log(value)' "$1"
}
# field <path> <url>: of the answer, whatever its status
field() { curl -sS "$2" | json "$1"; }
is_down() { [ "$(field .status "http://localhost:$1/health")" = DOWN ]; }
in_seconds() { node -p "new Date(Date.now() + $1 * 1000).toISOString()"; }

# Answers whatever the service says: that a name is taken is an answer too.
sign_up() {
  curl -sS --location 'http://localhost:8081/user-service/api/v1/user/signup' --header 'Content-Type: application/json' \
    --data-raw "{\"username\": \"$1\", \"password\": \"$2\", \"email\": \"$3\"}"
}
sign_in() {
  token=$(curl -fsS --location 'http://localhost:8080/auth-service/api/v1/auth/signin' --header 'Content-Type: application/json' \
    --data "{\"username\": \"$1\", \"password\": \"$2\"}" | json .token)
}

# create <body>: answers the job's id
create() {
  curl -fsS --location 'http://localhost:8082/job-service/api/v1/jobs' --header 'Content-Type: application/json' \
    --header "Authorization: Bearer $token" --data-raw "$1" | json .jobId
}
create_mail() { create "{\"jobType\":\"ONE_TIME\",\"executionMode\":\"IMMEDIATE\",\"payload\":{\"task\":\"send_email\",\"template\":\"$1\"}}"; }

get() { curl -fsS --location "http://localhost:8082$1" --header "Authorization: Bearer $token"; }
status_of_answer() { curl -sS -o /dev/null -w '%{http_code}' "http://localhost:8082$1" --header "Authorization: Bearer $token"; }
# Two spaces, as people type it.
jobs() { curl -fsS --location 'http://localhost:8082/job-service/api/v1/jobs?size=100' --header "Authorization: Bearer  $token"; }
status_of() { jobs | json "it.find(job => job.jobId === '$1').status"; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
wait_for_status() { within "$3" "$1 is $2" has_status "$1" "$2"; }
all_completed() { [ "$(jobs | json '.filter(job => job.jobType === "ONE_TIME" && job.status !== "COMPLETED").length')" = 0 ]; }

# The path of the first report that the recurring job has made; fails while there is none.
first_report() {
  local run name
  run=$(get "/job-service/api/v1/jobs/$report/runs?size=100" | json '(it.findLast(run => run.status === "SUCCEEDED") ?? {}).runId ?? ""')
  [ -n "$run" ] || return 1
  name=$(get "/job-service/api/v1/runs/$run" | json '.artifacts.find(each => each.name.endsWith(".pdf")).name') &&
    echo "/job-service/api/v1/runs/$run/artifacts/$name"
}

# A mail with this text was caught, to the owner of the job.
is_caught() {
  local id
  for id in $(get '/job-service/api/v1/mails?size=100' | json '.map(mail => mail.mailId).join(" ")'); do
    if get "/job-service/api/v1/mails/$id" | json "JSON.stringify(it).includes('alice@example.com') && JSON.stringify(it).includes('$1')" | grep -qx true; then return 0; fi
  done
  return 1
}
