// jest's globalSetup. Starts no server: it looks where the binaries are, and names the folder in which the
// first test that needs a shared server leaves its address for the others (see shared.ts). Where binaries are
// missing and root runs Debian, it installs them first, if this run could need them.
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * Words in a path of the command line that say that this run needs servers; a run without paths runs
 * everything.
 */
const ASKS = /redis|postgres|crash|servers|contract|docs|nest|cli|sample/;

export default async function setup({ testPathPatterns }) {
  const asked = testPathPatterns?.patterns ?? [];
  if (asked.length === 0 || asked.some((pattern) => ASKS.test(pattern))) install();
  for (const [name, path] of Object.entries(binaries())) process.env[name] = path;
  process.env.STEM_TEST_SERVERS = join(tmpdir(), `stem-servers-${process.pid}`);
}

/** Where the servers' binaries are; empty for what is not here. */
export function binaries() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const redis = folders.find((folder) => runs(join(folder, "redis-server"))) ?? "";
  const postgres = [...folders, ...usual()].find((folder) => runs(join(folder, "initdb")) && runs(join(folder, "postgres"))) ?? "";
  return { STEM_TEST_REDIS_BIN: redis, STEM_TEST_POSTGRES_BIN: postgres };
}

/** Folders of PostgreSQL's server binaries that are not on the PATH, newest version first. */
function usual() {
  const versions = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"].flatMap((parent) =>
    (existsSync(parent) ? readdirSync(parent) : [])
      .filter((name) => /^(\d+|postgresql(@\d+)?|pgsql-\d+)$/.test(name))
      .map((name) => join(parent, name, "bin")),
  );
  return [...versions.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })), "/usr/local/pgsql/bin"];
}

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs what is missing. Neither package may leave a server of its own running: that would be one on a
 * standard port, which the tests never touch.
 */
function install() {
  const { STEM_TEST_REDIS_BIN: redis, STEM_TEST_POSTGRES_BIN: postgres } = binaries();
  if ((redis !== "" && postgres !== "") || process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return;
  const wanted = [redis === "" && "redis-server", postgres === "" && "postgresql"].filter(Boolean);
  console.log(`Installing ${wanted.join(" and ")} with apt-get, for the tests that start servers of their own.`);
  const script = `set -e
    export DEBIAN_FRONTEND=noninteractive
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
      trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq
    case "$*" in *postgresql*)
      if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        apt-get install -y -qq postgresql-common
        sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
      fi
    esac
    apt-get install -y -qq --no-install-recommends "$@"`;
  try {
    execFileSync("sh", ["-c", script, "install", ...wanted], { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    console.log(`apt-get could not install ${wanted.join(" and ")}: ${error.message}`);
  }
}
