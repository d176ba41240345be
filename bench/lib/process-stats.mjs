import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const UTIME = 11;
const STIME = 12;
const CUTIME = 13;
const CSTIME = 14;
const SETTLED_SAMPLES = 6;
const SAMPLE_MS = 500;
const SETTLE_MS = 20_000;

function seconds(pid, ...places) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; what is counted begins behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return places.reduce((sum, place) => sum + Number(fields[place]), 0) / TICKS_PER_SECOND;
}

/** User and system time of all threads of a process, in seconds, by 10 ms ticks. */
export const cpuSeconds = (pid) => seconds(pid, UTIME, STIME);

/** The same of all processes that this one started, and those started, once they have ended and were waited for. */
export const childrenCpuSeconds = () => seconds('self', CUTIME, CSTIME);

/** Resident memory of a process, in bytes. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Resident memory once it stays within 1 % for 3 s, or what it is after 20 s. */
export async function settledResidentBytes(pid) {
  const samples = [];
  for (const end = Date.now() + SETTLE_MS; Date.now() < end; await delay(SAMPLE_MS)) {
    samples.push(residentBytes(pid));
    const last = samples.slice(-SETTLED_SAMPLES);
    if (last.length === SETTLED_SAMPLES && Math.max(...last) - Math.min(...last) < Math.max(...last) * 0.01) break;
  }
  return samples.at(-1);
}

/** Follows the resident memory of a process; `stop` answers the most that was seen, of one that has ended too. */
export function watchPeak(pid) {
  let peak = 0;
  const look = () => {
    try {
      peak = Math.max(peak, residentBytes(pid) || 0);
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  };
  look();
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}
