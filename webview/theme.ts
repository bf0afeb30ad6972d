import type { SideLook } from './view-model/chart';
import { type Colour, css, over, parse, readable } from './view-model/contrast';

/** Colours of a chart as the theme of the moment gives them, each readable on `background`. */
export interface ChartColours extends Readonly<Record<SideLook, string>> {
  readonly background: string;
  readonly text: string;
  readonly grid: string;
  readonly border: string;
  readonly first: string;
  readonly second: string;
  readonly reference: string;
  readonly floor: string;
  readonly edge: string;
  readonly level: string;
  readonly fontFamily: string;
}

/** Reads the theme's variables now: they change while the panel is open. */
export function chartColours(): ChartColours {
  const styles = getComputedStyle(document.body);
  const probe = document.createElement('span');
  document.body.append(probe);
  probe.style.forcedColorAdjust = 'none';
  const computed = (colour: string): Colour => {
    probe.style.color = colour;
    return parse(getComputedStyle(probe).color);
  };
  const read = (name: string): Colour[] => {
    const value = styles.getPropertyValue(name).trim();
    return value === '' ? [] : [computed(value)];
  };
  const opaque = (name: string, fallback: Colour): Colour => read(name)[0] ?? fallback;
  // Where the system prescribes colours, the page has those and not the theme's; what a canvas draws is left to us.
  const forced = window.matchMedia('(forced-colors: active)').matches;
  const background = over(
    forced ? computed('Canvas') : opaque('--vscode-editor-background', parse(styles.backgroundColor)),
    [255, 255, 255, 1],
  );
  const text = over(forced ? computed('CanvasText') : opaque('--vscode-editor-foreground', parse(styles.color)), background);
  const pick = (...names: string[]) => css(readable([...names.flatMap(read), text], background));
  const colours: ChartColours = {
    background: css(background),
    text: css(text),
    grid: css(over([text[0], text[1], text[2], 0.15], background)),
    border: css(over([text[0], text[1], text[2], 0.5], background)),
    first: pick('--vscode-charts-blue', '--vscode-textLink-foreground'),
    second: pick('--vscode-charts-green'),
    reference: pick('--vscode-descriptionForeground'),
    floor: pick('--vscode-charts-red', '--vscode-errorForeground'),
    edge: pick('--vscode-charts-purple'),
    level: pick('--vscode-descriptionForeground'),
    a: pick('--vscode-charts-blue', '--vscode-textLink-foreground'),
    // Orange is hardly told from yellow in light themes, and is a blue in high contrast.
    b: pick('--vscode-charts-yellow', '--vscode-charts-orange'),
    c: pick('--vscode-charts-green'),
    d: pick('--vscode-charts-purple'),
    e: pick('--vscode-charts-red', '--vscode-errorForeground'),
    f: pick('--vscode-terminal-ansiCyan'),
    // The colour of descriptions is that of texts in light themes.
    g: pick('--vscode-terminal-ansiMagenta', '--vscode-descriptionForeground'),
    h: css(text),
    fontFamily: styles.fontFamily,
  };
  probe.remove();
  return colours;
}

/** Calls back, once per change and after the styles have settled, when the theme changes. */
export function onThemeChange(changed: () => void): void {
  let pending = 0;
  const schedule = () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(changed);
  };
  const observer = new MutationObserver(schedule);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
