import * as vscode from 'vscode';
import type { Level } from '../analysis/report';

/** How a level looks where the editor draws it: a shape beside the word, so that nothing rests on colour. */
interface Looks {
  /** Id of a theme icon. */
  readonly icon: string;
  /** Colours that package.json contributes; null: the colour of the text around it. */
  readonly colour: string | null;
  /** One or two characters behind a name in the Explorer; null where there is nothing to say. */
  readonly badge: string | null;
}

const LOOKS: Record<Level, Looks> = {
  healthy: { icon: 'check', colour: null, badge: null },
  unknown: { icon: 'question', colour: null, badge: null },
  watch: { icon: 'eye', colour: 'sigma.watchForeground', badge: 'W' },
  collapsing: { icon: 'arrow-down', colour: 'sigma.collapsingForeground', badge: '\u2193' },
  collapsed: { icon: 'error', colour: 'sigma.collapsedForeground', badge: '\u2193\u2193' },
  broken: { icon: 'circle-slash', colour: 'sigma.brokenForeground', badge: '!' },
};

export function levelIcon(level: Level): vscode.ThemeIcon {
  return new vscode.ThemeIcon(LOOKS[level].icon, levelColour(level));
}

export function levelBadge(level: Level): string | null {
  return LOOKS[level].badge;
}

export function levelColour(level: Level): vscode.ThemeColor | undefined {
  const { colour } = LOOKS[level];
  return colour === null ? undefined : new vscode.ThemeColor(colour);
}
