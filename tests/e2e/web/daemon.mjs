// A daemon of the tests' own: the real parallaxd on free ports and a scratch folder, with the
// dashboard that was built beside it, and the programs that work with it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of parallaxd and parallax. */
const BIN = process.env.PARALLAX_BIN ?? '';
/** What runs live_rig.py, and the folder of the package `parallax` for it. */
const PYTHON = process.env.PARALLAX_PYTHON ?? '/usr/bin/python3';
const PYTHON_PACKAGE = process.env.PARALLAX_PYTHON_PACKAGE ?? '';
const START_MS = 60_000;
/** Recordings that are part of the repository. */
export const DATA = fileURLToPath(new URL('../../data/', import.meta.url));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Daemon {
  #folder = mkdtempSync(join(tmpdir(), 'parallax-dashboard-'));
  #process = null;
  #rig = null;
  #grpc = 0;
  #http = 0;
  #guards = [];

  /** Where its page is. */
  get url() {
    return `http://127.0.0.1:${this.#http}`;
  }

  /** Starts it, again on the ports that it had. */
  async start() {
    assert.notEqual(BIN, '', 'PARALLAX_BIN must name the folder of parallaxd');
    const ports = join(this.#folder, 'ports.json');
    rmSync(ports, { force: true });
    const log = openSync(join(this.#folder, 'daemon.log'), 'a');
    this.#process = spawn(
      join(BIN, 'parallaxd'),
      ['--data', join(this.#folder, 'data'), '--listen', `127.0.0.1:${this.#grpc}`, '--http', `127.0.0.1:${this.#http}`,
        '--port-file', ports, ...this.#guards],
      { stdio: ['ignore', log, log] },
    );
    const end = Date.now() + START_MS;
    while (!existsSync(ports)) {
      const alive = this.#process.exitCode === null && Date.now() < end;
      assert.ok(alive, `the daemon did not start: ${this.log()}`);
      await sleep(20);
    }
    ({ grpc: this.#grpc, http: this.#http } = JSON.parse(readFileSync(ports, 'utf8')));
  }

  /** A token of a role. A daemon that is started after it lets nobody in without one. */
  createToken(role) {
    const file = join(this.#folder, 'tokens');
    const made = spawnSync(join(BIN, 'parallaxd'), ['token', 'create', file, '--label', role, '--role', role]);
    assert.equal(made.status, 0, String(made.stderr));
    this.#guards = ['--token-file', file];
    return String(made.stdout).trim();
  }

  /** What it said. */
  log() {
    return readFileSync(join(this.#folder, 'daemon.log'), 'utf8');
  }

  /** As a power cut would end it. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Has it stand still, as a link that is lost without a word looks from outside; until `resume`. */
  halt() {
    this.#process.kill('SIGSTOP');
  }

  resume() {
    this.#process.kill('SIGCONT');
  }

  /** What `parallax WORDS... -o json` prints, parsed. */
  async cli(...words) {
    const child = this.#parallax([...words, '-o', 'json'], 'pipe');
    let printed = '';
    let said = '';
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    return JSON.parse(printed);
  }

  /** Replays a folder of tests/data as rig and analyses it. */
  async evaluate(campaign, rig) {
    await this.cli('campaign', 'evaluate', join(DATA, campaign), '--rig', rig);
  }

  /** Has a folder of tests/data play as rig, so many times faster than it was; returns what ends it. */
  play(campaign, rig, speed) {
    const child = this.#parallax(['campaign', 'replay', join(DATA, campaign), '--rig', rig, '--speed', `${speed}`], 'ignore');
    return async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    };
  }

  /** Has a rig stream to an open run from now on, ten rows a second unless said. */
  stream(rig, run, rowsASecond = 10) {
    const script = fileURLToPath(new URL('live_rig.py', import.meta.url));
    this.#rig = spawn(PYTHON, [script, `127.0.0.1:${this.#grpc}`, rig, run, `${rowsASecond}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PYTHONPATH: PYTHON_PACKAGE, PYTHONDONTWRITEBYTECODE: '1' },
    });
  }

  /** Ends what streams and the daemon, which must end well, and removes the folder. */
  async stop() {
    if (this.#rig !== null && this.#rig.exitCode === null) {
      const ended = once(this.#rig, 'exit');
      this.#rig.kill('SIGKILL');
      await ended;
    }
    const code = await this.#end('SIGTERM');
    const log = this.log();
    rmSync(this.#folder, { recursive: true, force: true });
    assert.equal(code, 0, log);
  }

  #parallax(words, output) {
    const command = ['--server', `127.0.0.1:${this.#grpc}`, ...words];
    return spawn(join(BIN, 'parallax'), command, { stdio: ['ignore', output, output] });
  }

  async #end(signal) {
    if (this.#process === null || this.#process.exitCode !== null) return this.#process?.exitCode ?? 0;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    return (await ended)[0];
  }
}
