/** Made when a number is first said: the first formatter of a process costs 16 ms, a third of what activation may take. */
let formats: { readonly grouped: Intl.NumberFormat; readonly fourDigits: Intl.NumberFormat } | undefined;
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const MINUS = '\u2212';

function numberFormats() {
  formats ??= {
    grouped: new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 }),
    fourDigits: new Intl.NumberFormat('en-GB', { minimumSignificantDigits: 4, maximumSignificantDigits: 4 }),
  };
  return formats;
}

/** A whole number with separators: `4,000`. */
export function count(value: number): string {
  return numberFormats().grouped.format(value).replace('-', MINUS);
}

/** Four significant digits; whole numbers below a million as they are; very large and very small ones as `1.234 × 10⁻⁷`. */
export function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return count(value);
  if (size >= 1e-4 && size < 1e6) return numberFormats().fourDigits.format(value).replace('-', MINUS);
  const [mantissa, exponent] = value.toExponential(3).split('e');
  return `${mantissa!.replace('-', MINUS)} × ${powerOfTen(Number(exponent))}`;
}

/** A difference with its sign: `+4.180`, `−191.9`. */
export function change(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value);
}

/** A relative change in whole percent: `−78 %`. */
export function percentChange(from: number, to: number): string {
  return `${change(Math.round(((to - from) / Math.abs(from)) * 100))} %`;
}

/** A number that a report gives: with a sign before it when it is not the exact value of all rows. */
export function reported(value: number, exact: boolean): string {
  return exact ? number(value) : `\u2248 ${number(value)}`;
}

/** `10⁻³` */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `10${exponent < 0 ? '⁻' : ''}${digits}`;
}

/** A share in [0, 1] as `12.3 %`; a share that is not whole never reads as 100 % or 0 %. */
export function percent(share: number): string {
  const points = share * 100;
  if (points > 99.9 && points < 100) return 'over 99.9 %';
  if (points > 0 && points < 0.1) return 'under 0.1 %';
  return `${Number(points.toFixed(1))} %`;
}

/** `1 row`, `4,000 rows` */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** `1.2 MB` (decimal units) */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** step;
  return `${step === 0 ? count(value) : scaled.toFixed(scaled < 10 ? 1 : 0)} ${units[step]}`;
}

/** `12 ms`, `3.4 s` */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return 'under 1 ms';
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
