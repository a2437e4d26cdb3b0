/** Figures and lists as text, digit for digit as the command line prints them. */

/** C's "%.{digits}g": significant digits without trailing zeros, "21.2", "6.5e+07"; "-" for none. */
export function figure(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = exponential(value, digits).split('e');
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    const size = Math.abs(power).toString().padStart(2, '0');
    return `${stripZeros(mantissa)}e${power < 0 ? '-' : '+'}${size}`;
  }
  return stripZeros(Number(`${mantissa}e${exponent}`).toFixed(digits - 1 - power));
}

/** With so many digits; a tie goes to the even digit, as C rounds it and JavaScript does not. */
function exponential(value: number, digits: number): string {
  const [all = '', exponent = '0'] = value.toExponential(100).split('e');
  const kept = all.length - 101 + digits;
  const tie = /^50*$/.test(all.slice(kept)) && /[02468]$/.test(all.slice(0, kept).replace('.', ''));
  return tie ? `${all.slice(0, kept)}e${exponent}` : value.toExponential(digits - 1);
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** The sign, kept on the line of its number. */
export const PERCENT = '\u00a0%';

/** A share as a whole number of percent, halves away from zero: "94"; "-" for none. */
export function percentNumber(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '-';
  const size = Math.round(Math.abs(100 * share));
  return size === 0 ? '0' : `${share < 0 ? '-' : ''}${size}`;
}

export function percent(share: number | null | undefined): string {
  const number = percentNumber(share);
  return number === '-' ? '-' : `${number}${PERCENT}`;
}

/** A probability of which "100 %" would claim too much. */
export function confidence(share: number | null | undefined): string {
  return typeof share === 'number' && share > 0.995 ? `over 99${PERCENT}` : percent(share);
}

/** "U", "U and eps", "U, eps and Ta_offset". */
export function enumerate(names: readonly string[]): string {
  if (names.length === 0) return 'nothing that has a name';
  if (names.length === 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** A UCUM code for people: the micro prefix of a length as µ. Other codes stay as they are. */
export function spellUnit(code: string): string {
  return /^um($|[/2])/.test(code) ? `µ${code.slice(1)}` : code;
}

/** " K" after a figure, nothing for a pure number. */
export function unitSuffix(code: string): string {
  return code === '' || code === '1' ? '' : ` ${spellUnit(code)}`;
}

/** A count with thin spaces: "136 500". */
export function count(value: bigint | number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** "substrate_conductivity" in words. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** "1 run", "2 runs". */
export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
