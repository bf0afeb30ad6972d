import { number } from '../words/numbers';

/** A difference with its sign: `+4.180`, `−191.9`. */
export function change(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value);
}

/** A relative change in whole percent: `−78 %`. */
export function percentChange(from: number, to: number): string {
  return `${change(Math.round(((to - from) / Math.abs(from)) * 100))} %`;
}
