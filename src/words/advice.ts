import type { Level } from '../analysis/report';

/** What people usually do about a reason of a verdict, by its code. One short sentence each. */
export const ADVICE: Readonly<Record<string, string>> = {
  nan: 'Find the first step whose loss or gradient is NaN, lower the learning rate or clip gradients, and go back to the checkpoint before it.',
  inf: 'Look for an overflow of float16: train in bfloat16 or scale the loss, and go back to the last finite checkpoint.',
  'no-usable-rows': 'Check that the file was written completely, and with the dtype it declares.',
  'all-zero': 'Check that the values were written at all: an uninitialised or cleared buffer looks like this.',
  'one-direction':
    'Check the pooling and the loss first: one direction alone usually means that they reward saying the same for every input.',
  narrow: 'Subtract the mean or whiten before comparing rows, and look at whether earlier checkpoints used more directions.',
  'all-equal': 'Check that the inputs differ, and that the encoder was not fed padding alone.',
  'all-alike': 'Subtract the common mean and look again; if the rows are still alike, the encoder no longer tells its inputs apart.',
  alike: 'Subtract the common mean before using cosines; some encoders are like this when they are well.',
  duplicates: 'Look at what the copies are: repeated inputs, or a generator that repeats itself. Remove them and analyse again.',
  'zero-rows': 'Look at which inputs gave the empty rows: empty texts, masked tokens or entries that were never trained.',
  'constant-columns': 'Look for dead units, or columns that were filled with a constant; they carry nothing and can be dropped.',
  'few-rows': 'Give it more rows: several for each column.',
};

/** Where a reason has no advice of its own. */
export const DEFAULT_ADVICE: Readonly<Record<Level, string>> = {
  healthy: 'Nothing needs doing.',
  watch: 'Compare with the same matrix of an earlier checkpoint: a steady fall matters more than one value.',
  collapsing: 'Go back to the last healthy checkpoint and compare what changed since: the data first, then the learning rate.',
  collapsed: 'Do not train on from here: go back to the last healthy checkpoint, and mix original data back in.',
  broken: 'Find where the broken values were written before reading anything else from this file.',
  unknown: 'Give it more rows: several for each column.',
};
