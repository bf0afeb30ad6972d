/**
 * Names that writers give to what is not finished yet: `tmp-checkpoint-600` (Hugging Face Trainer), `model.pt.tmp` (fairseq),
 * `.tmpA1b2C3` (NamedTempFile of the safetensors writer), `600.orbax-checkpoint-tmp-17` (Orbax), and those of downloads.
 */
const TEMPORARY = /^tmp-|\.tmp$|-tmp$|^\.tmp|\.orbax-checkpoint-tmp|\.partial$|\.incomplete$/i;

/** Whether a file or folder of this name is still being written, and will be renamed or removed. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}
