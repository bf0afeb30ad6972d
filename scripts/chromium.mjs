import { existsSync } from 'node:fs';
import { findProgram } from './process.mjs';

/** The browser that the tests drive: CHROMIUM where set, else one on the PATH, else null. */
export function findChromium() {
  const named = process.env.CHROMIUM;
  if (named) return existsSync(named) ? named : null;
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(findProgram).find(Boolean) ?? null;
}
