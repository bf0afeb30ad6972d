import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openTensorFile } from '../../src/formats/open';
import { type Generation, generation } from './checkpoint';

export const REAL_RUNS = ['control-s0', 'replace-s0', 'accumulate-s0', 'replace-p0.9-s0', 'replace-t1.0-s0'];

/** The generations of one real run, from one of its files. @returns none where the run has no such file */
export async function realRun(folder: string, run: string, fileName: string): Promise<Generation[]> {
  const generations: Generation[] = [];
  for (let k = 0; ; k++) {
    const path = join(folder, run, `generation-${k}`, fileName);
    if (!existsSync(path)) return generations;
    const file = await openTensorFile(path);
    const source = file.matrix('');
    const rows = source.rows!;
    const values = new Float64Array(rows * source.columns);
    await source.read(0, rows, values);
    await file.close();
    generations.push(await generation(values, source.columns, k, fileName));
  }
}
