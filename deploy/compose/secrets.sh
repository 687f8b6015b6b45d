#!/bin/sh
# Makes the secrets of compose.yaml, each once: what is there stays. sh secrets.sh [FOLDER]
set -eu
folder=${1:-$(dirname "$0")/secrets}

# Services read them as users of their own, so that the files are open and the folder is not.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "$folder/$1" ] || printf '%s' "$2" > "$folder/$1"; }

keep admin_key "$(random)"
keep prometheus_key "$(random)"
keep postgres_password "$(random)"
keep redis_password "$(random)"
keep grafana_password "$(random)"
password=$(cat "$folder/postgres_password")
keep database_url "postgresql://stts:$password@postgres/stts"
password=$(cat "$folder/redis_password")
keep limits_redis_url "redis://:$password@redis/0"
keep cache_redis_url "redis://:$password@redis/1"
keep redis_conf "requirepass $password
save \"\"
appendonly no
maxmemory 400mb
maxmemory-policy volatile-lru
"
echo "The administrator's key is in $folder/admin_key, the password of Grafana's user admin in $folder/grafana_password."
