import type { DataTable } from '../export/files';

/** A chart before it is drawn: what is on it, in data units and words, with no colour and no pixel. */
export interface ChartModel {
  readonly title: string;
  /** What the chart says, for a person who does not see it. */
  readonly summary: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly lines: readonly Line[];
  readonly band: Band | null;
  readonly areas: readonly Area[];
  readonly marks: readonly Mark[];
  /** What hover and keyboard read at each point of the first series; null: the names of the series and their values there. */
  readonly readings: readonly Reading[] | null;
  readonly table: ChartTable;
  /** Every number behind the chart, for a file; left out where its points are all there is. */
  readonly data?: () => DataTable;
}

export interface Axis {
  readonly label: string;
  readonly logarithmic: boolean;
  readonly min: number;
  readonly max: number;
  readonly percent: boolean;
}

/** Series are told apart by dash and marker as well as by colour. */
export interface Series {
  readonly name: string;
  readonly look: 'first' | 'second' | 'reference' | SideLook;
  readonly points: readonly Point[];
}

/** Looks of the sides of a comparison, in their order. */
export const SIDE_LOOKS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
export type SideLook = (typeof SIDE_LOOKS)[number];

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Whether a marker stands here: on a few points only, so that markers never hide the line. */
  readonly marked: boolean;
}

/** A horizontal dashed line with a label. */
export interface Line {
  readonly y: number;
  readonly label: string;
  /** Where the label leaves room for the curves. */
  readonly side: 'left' | 'right';
  readonly look: 'floor' | 'edge' | 'level';
}

/** The strip where nothing is resolved: from the lower end of the axis up to `top`. */
export interface Band {
  readonly top: number;
  readonly label: string;
}

/** A strip that is marked as such: polygons in data units. */
export interface Area {
  readonly name: string;
  readonly look: 'interval' | 'forecast';
  readonly polygons: readonly (readonly Pick<Point, 'x' | 'y'>[])[];
}

/** A vertical dashed line with a label. */
export interface Mark {
  readonly x: number;
  readonly label: string;
  readonly look: Line['look'];
}

export interface Reading {
  readonly heading: string;
  readonly lines: readonly string[];
}

export interface ChartTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Which of `count` ranks (1-based) to draw: all while they fit, otherwise about `limit`, evenly spaced on the axis that is used.
 * The first and the last are always among them.
 */
export function pickRanks(count: number, limit: number, logarithmic: boolean): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, index) => index + 1);
  const ranks = new Set<number>();
  for (let step = 0; step < limit; step++) {
    const t = step / (limit - 1);
    ranks.add(Math.round(logarithmic ? count ** t : 1 + t * (count - 1)));
  }
  return [...ranks];
}
