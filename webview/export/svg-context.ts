import { plainText } from '../../src/words/plain-text';
import { escapeAttribute, escapeText } from '../markup';
import { parse } from '../view-model/contrast';

/** How a canvas maps what is drawn: x' = a x + c y + e, y' = b x + d y + f. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** What `save` keeps and `restore` brings back. */
interface Style {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  lineDashOffset: number;
  globalAlpha: number;
  font: string;
  textAlign: string;
  textBaseline: string;
}

const INITIAL: Style = {
  fillStyle: '#000',
  strokeStyle: '#000',
  lineWidth: 1,
  lineCap: 'butt',
  lineJoin: 'miter',
  lineDashOffset: 0,
  globalAlpha: 1,
  font: '10px sans-serif',
  textAlign: 'start',
  textBaseline: 'alphabetic',
};

/** From the middle of a line to its baseline and the like, in heights of the font: not every reader of SVG knows the baselines by name. */
const BASELINES: Readonly<Record<string, number>> = { top: 0.8, hanging: 0.8, middle: 0.35, bottom: -0.2 };
const ANCHORS: Readonly<Record<string, string>> = { center: 'middle', right: 'end', end: 'end' };

/**
 * As much of a canvas's 2D context as charts are drawn with, writing down SVG. Transformations keep angles; `clearRect` begins the picture anew.
 * The same calls give the same text.
 */
export class SvgContext implements Style {
  fillStyle!: string;
  strokeStyle!: string;
  lineWidth!: number;
  lineCap!: string;
  lineJoin!: string;
  lineDashOffset!: number;
  globalAlpha!: number;
  font!: string;
  textAlign!: string;
  textBaseline!: string;
  #matrix: Matrix = IDENTITY;
  #dash: readonly number[] = [];
  /** Id of what is drawn in; null where that is everything. */
  #clip: string | null = null;
  #saved: { style: Style; matrix: Matrix; dash: readonly number[]; clip: string | null }[] = [];
  #path: string[] = [];
  #elements: string[] = [];
  #clips: string[] = [];

  /** @param canvas what a chart asks its context for @param measure the width of a text in a font */
  constructor(
    readonly canvas: unknown,
    private readonly measure: (text: string, font: string) => { readonly width: number },
  ) {
    Object.assign(this, INITIAL);
  }

  /** The picture as a document, on a background. Width and height in pixels. */
  svg(size: { readonly width: number; readonly height: number }, background: string, title: string, description: string): string {
    const { width, height } = size;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeText(plainText(title))}</title>
<desc>${escapeText(plainText(description))}</desc>
<defs>${this.#clips.join('')}</defs>
<rect width="100%" height="100%"${paint('fill', background, 1)}/>
${this.#elements.join('\n')}
</svg>
`;
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, lineDashOffset, globalAlpha, font, textAlign, textBaseline } = this;
    const style = { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, lineDashOffset, globalAlpha, font, textAlign, textBaseline };
    this.#saved.push({ style, matrix: this.#matrix, dash: this.#dash, clip: this.#clip });
  }

  restore(): void {
    const saved = this.#saved.pop();
    if (saved === undefined) return;
    Object.assign(this, saved.style);
    this.#matrix = saved.matrix;
    this.#dash = saved.dash;
    this.#clip = saved.clip;
  }

  translate(x: number, y: number): void {
    const [a, b, c, d] = this.#matrix;
    const [e, f] = this.#point(x, y);
    this.#matrix = [a, b, c, d, e, f];
  }

  rotate(angle: number): void {
    const [a, b, c, d, e, f] = this.#matrix;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    this.#matrix = [a * cos + c * sin, b * cos + d * sin, c * cos - a * sin, d * cos - b * sin, e, f];
  }

  setTransform(...matrix: [number, number, number, number, number, number]): void {
    this.#matrix = matrix;
  }

  resetTransform(): void {
    this.#matrix = IDENTITY;
  }

  beginPath(): void {
    this.#path = [];
  }

  moveTo(x: number, y: number): void {
    this.#path.push(`M${this.#at(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.#path.push(`${this.#path.length === 0 ? 'M' : 'L'}${this.#at(x, y)}`);
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#path.push(`C${this.#at(x1, y1)} ${this.#at(x2, y2)} ${this.#at(x, y)}`);
  }

  quadraticCurveTo(x1: number, y1: number, x: number, y: number): void {
    this.#path.push(`Q${this.#at(x1, y1)} ${this.#at(x, y)}`);
  }

  arc(x: number, y: number, radius: number, start: number, end: number, anticlockwise = false): void {
    const on = (angle: number): [number, number] => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
    const turn = anticlockwise ? Math.max(end - start, -2 * Math.PI) : Math.min(end - start, 2 * Math.PI);
    const r = rounded(radius * Math.hypot(this.#matrix[0], this.#matrix[1]));
    this.lineTo(...on(start));
    // An arc of SVG is told by its ends: in halves a whole circle has two that differ.
    for (const part of [0.5, 1]) this.#path.push(`A${r} ${r} 0 0 ${turn > 0 ? 1 : 0} ${this.#at(...on(start + part * turn))}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    const corners = [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ] as const;
    this.#path.push(`M${corners.map((corner) => this.#at(...corner)).join('L')}Z`);
  }

  closePath(): void {
    this.#path.push('Z');
  }

  clip(): void {
    const id = `clip-${this.#clips.length + 1}`;
    this.#clips.push(`<clipPath id="${id}"${this.#clipped()}><path d="${this.#path.join('')}"/></clipPath>`);
    this.#clip = id;
  }

  fill(): void {
    this.#draw(this.#path, paint('fill', this.fillStyle, this.globalAlpha));
  }

  stroke(): void {
    this.#draw(this.#path, ` fill="none"${this.#stroke()}`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#alone(() => {
      this.rect(x, y, width, height);
      this.fill();
    });
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#alone(() => {
      this.rect(x, y, width, height);
      this.stroke();
    });
  }

  clearRect(): void {
    this.#elements = [];
    this.#clips = [];
  }

  fillText(text: string, x: number, y: number): void {
    const [, style, size, family] = /^(.*?)([\d.]+)px\s+(.*)$/.exec(this.font) ?? ['', '', '10', 'sans-serif'];
    const baseline = y + Number(size) * (BASELINES[this.textBaseline] ?? 0);
    const [a, b, c, d] = this.#matrix;
    const [e, f] = this.#point(x, baseline);
    const upright = a === 1 && b === 0 && c === 0 && d === 1;
    const attributes = [
      upright ? ` x="${rounded(e)}" y="${rounded(f)}"` : ` transform="matrix(${[a, b, c, d, e, f].map(rounded).join(' ')})"`,
      ` font-size="${size}" font-family="${escapeAttribute(family!)}"`,
      /bold|[6-9]00/.test(style!) ? ' font-weight="bold"' : '',
      this.textAlign in ANCHORS ? ` text-anchor="${ANCHORS[this.textAlign]}"` : '',
      paint('fill', this.fillStyle, this.globalAlpha),
      this.#clipped(),
    ];
    this.#elements.push(`<text${attributes.join('')}>${escapeText(plainText(text))}</text>`);
  }

  measureText(text: string): { readonly width: number } {
    return this.measure(text, this.font);
  }

  setLineDash(dash: readonly number[]): void {
    this.#dash = [...dash];
  }

  getLineDash(): number[] {
    return [...this.#dash];
  }

  #draw(path: readonly string[], look: string): void {
    if (path.length > 0) this.#elements.push(`<path d="${path.join('')}"${look}${this.#clipped()}/>`);
  }

  #stroke(): string {
    const attributes: [name: string, value: string, usual: string][] = [
      ['stroke-width', String(rounded(this.lineWidth)), '1'],
      ['stroke-linecap', this.lineCap, 'butt'],
      ['stroke-linejoin', this.lineJoin, 'miter'],
      ['stroke-dasharray', this.#dash.map(rounded).join(' '), ''],
      ['stroke-dashoffset', String(rounded(this.lineDashOffset)), '0'],
    ];
    const unusual = attributes.filter(([, value, usual]) => value !== usual).map(([name, value]) => ` ${name}="${value}"`);
    return paint('stroke', this.strokeStyle, this.globalAlpha) + unusual.join('');
  }

  #clipped(): string {
    return this.#clip === null ? '' : ` clip-path="url(#${this.#clip})"`;
  }

  /** Draws without a trace in the path. */
  #alone(draw: () => void): void {
    const path = this.#path;
    this.#path = [];
    draw();
    this.#path = path;
  }

  #point(x: number, y: number): [number, number] {
    const [a, b, c, d, e, f] = this.#matrix;
    return [a * x + c * y + e, b * x + d * y + f];
  }

  #at(x: number, y: number): string {
    return this.#point(x, y).map(rounded).join(' ');
  }
}

/** Colour and opacity apart: SVG 1.1 knows no `rgba`. */
function paint(kind: 'fill' | 'stroke', colour: string, alpha: number): string {
  if (!/^(rgb|color\()/.test(colour)) return ` ${kind}="${escapeAttribute(colour)}"${opacity(kind, alpha)}`;
  const [red, green, blue, own] = parse(colour);
  return ` ${kind}="rgb(${[red, green, blue].map(Math.round).join(',')})"${opacity(kind, own * alpha)}`;
}

function opacity(kind: 'fill' | 'stroke', alpha: number): string {
  return alpha === 1 ? '' : ` ${kind}-opacity="${rounded(alpha)}"`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
