#!/bin/sh
# Writes the secrets that docker-compose.yml mounts, each once: a file that is there stays as it is.
set -eu
folder="${1:-secrets}"

mkdir -p "$folder"
# The folder keeps this host's other users out; the files are readable, because each container has a user of its own.
chmod 0700 "$folder"

random() {
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

keep() {
  test -e "$folder/$1" && return
  printf %s "$2" >"$folder/$1.new"
  chmod 0444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

for name in postgres_password operator_token ray_token redis_password grafana_password pgadmin_password; do
  keep "$name" "$(random)"
done
keep postgres_dsn "postgresql://fitmatch:$(cat "$folder/postgres_password")@postgres:5432/fitmatch"
echo "The secrets are in $folder. Keep a copy of them where you keep your backups."
