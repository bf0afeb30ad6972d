import type { MatrixName, RunPicture } from '../protocol';

/** The matrix as a person knows it: its tensor, else its file; both where another matrix goes by the same name. */
export function matrixLabels(matrices: readonly MatrixName[]): string[] {
  const short = matrices.map(({ file, tensor }) => tensor ?? file);
  const seen = new Map<string, number>();
  for (const label of short) seen.set(label, (seen.get(label) ?? 0) + 1);
  return matrices.map(({ file, tensor }, index) =>
    seen.get(short[index]!) === 1 || tensor === null ? short[index]! : `${tensor} (${file})`,
  );
}

/** Index of the checkpoint that the others are compared with; -1 where there is none. */
export function baselineIndex({ baseline, checkpoints }: RunPicture): number {
  return checkpoints.findIndex(({ name }) => name === baseline);
}
