/** Points in time. Nanoseconds since 1970 are bigint; a number of them would round to 256 ns. */
import type { Timestamp } from '@bufbuild/protobuf/wkt';

/** In which zone the page tells time; every time carries its offset. */
export type Zone = 'local' | 'utc';

export function unixNs(time: Timestamp): bigint {
  return time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

export function timestampParts(ns: bigint): { seconds: bigint; nanos: number } {
  const nanos = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: (ns - nanos) / 1_000_000_000n, nanos: Number(nanos) };
}

/** Seconds from `origin` to `ns`. */
export function secondsSince(origin: bigint, ns: bigint): number {
  return Number(ns - origin) / 1e9;
}

export function nsAfter(origin: bigint, seconds: number): bigint {
  return origin + BigInt(Math.round(seconds * 1e9));
}

function two(value: number): string {
  return value.toString().padStart(2, '0');
}

/** Minutes east of UTC at that time. */
function offsetMinutes(date: Date, zone: Zone): number {
  return zone === 'utc' ? 0 : -date.getTimezoneOffset();
}

/** "+0200"; "UTC" where the zone is UTC by choice: as the command line writes it. */
export function offsetText(date: Date, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const minutes = offsetMinutes(date, zone);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function shifted(date: Date, zone: Zone): Date {
  return new Date(date.getTime() + offsetMinutes(date, zone) * 60_000);
}

/** "2025-08-26 14:23:31 +0200", or "… UTC". */
export function timeText(ns: bigint, zone: Zone): string {
  const date = new Date(Number(ns / 1_000_000n));
  const local = shifted(date, zone);
  const day = `${local.getUTCFullYear()}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`;
  return `${day} ${clock(local)} ${offsetText(date, zone)}`;
}

/** "14:23:31 +0200": the time of day alone. */
export function clockText(ns: bigint, zone: Zone): string {
  const date = new Date(Number(ns / 1_000_000n));
  return `${clock(shifted(date, zone))} ${offsetText(date, zone)}`;
}

function clock(local: Date): string {
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}

/** "3.2 s", "12 min", "5 h", "4 d": how long, to two digits. */
export function durationText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 9.95) return `${seconds.toFixed(1)} s`;
  if (size < 99.5) return `${Math.round(seconds)} s`;
  if (size < 5_970) return `${Math.round(seconds / 60)} min`;
  if (size < 169_200) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
