import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PARENT = 1;
const UTIME = 11;
const STIME = 12;
const CUTIME = 13;
const CSTIME = 14;
const SETTLED_SAMPLES = 6;
const SAMPLE_MS = 500;
const SETTLE_MS = 20_000;

/** Name of a process and the fields after it in `stat`, at the positions above. */
function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain anything; the numbered fields start after it.
  const end = stat.lastIndexOf(')');
  return { name: stat.slice(stat.indexOf('(') + 1, end), fields: stat.slice(end + 2).split(' ') };
}

function seconds(pid, ...places) {
  const { fields } = statOf(pid);
  return places.reduce((sum, place) => sum + Number(fields[place]), 0) / TICKS_PER_SECOND;
}

/** User and system time of all threads of a process, in seconds, in ticks of 10 ms. */
export const cpuSeconds = (pid) => seconds(pid, UTIME, STIME);

/** The same for all descendants of this process that have ended and were waited for. */
export const childrenCpuSeconds = () => seconds('self', CUTIME, CSTIME);

/** Resident memory of a process, in bytes. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Resident memory once it stays within 1 % for 3 s, or the value after 20 s. */
export async function settledResidentBytes(pid) {
  const samples = [];
  for (const end = Date.now() + SETTLE_MS; Date.now() < end; await delay(SAMPLE_MS)) {
    samples.push(residentBytes(pid));
    const last = samples.slice(-SETTLED_SAMPLES);
    if (last.length === SETTLED_SAMPLES && Math.max(...last) - Math.min(...last) < Math.max(...last) * 0.01) break;
  }
  return samples.at(-1);
}

/** Null if the process has ended. */
function ifAlive(look) {
  try {
    return look();
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    return null;
  }
}

/**
 * Follows the CPU time of processes that bubblewrap runs for a process, accurate to 0.1 s each: nobody waits for them, so they are
 * not included in `childrenCpuSeconds`. `stop` returns the total seconds.
 */
export function watchConfined(pid) {
  const ofEach = new Map();
  const look = () => {
    const stats = new Map(readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [[name, ifAlive(() => statOf(name))]] : [])));
    const parentOf = (id) => stats.get(id)?.fields[PARENT];
    const isOurs = (id) => id !== undefined && id !== '0' && (id === String(pid) || isOurs(parentOf(id)));
    for (const [id, stat] of stats) {
      if (!stat || stat.name === 'bwrap' || stats.get(parentOf(id))?.name !== 'bwrap' || !isOurs(id)) continue;
      ofEach.set(id, (Number(stat.fields[UTIME]) + Number(stat.fields[STIME])) / TICKS_PER_SECOND);
    }
  };
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    return [...ofEach.values()].reduce((sum, each) => sum + each, 0);
  };
}

/** Follows the resident memory of a process; `stop` returns the maximum seen, even if the process has ended. */
export function watchPeak(pid) {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, ifAlive(() => residentBytes(pid)) || 0);
  };
  look();
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}
