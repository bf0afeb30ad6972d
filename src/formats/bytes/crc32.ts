function tableOf(polynomial: number): Uint32Array {
  return new Uint32Array(256).map((_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1;
    return c;
  });
}

function checksum(table: Uint32Array, bytes: Uint8Array, previous: number): number {
  let c = ~previous;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ table[(c ^ bytes[i]!) & 0xff]!;
  return ~c >>> 0;
}

const ISO_3309 = tableOf(0xedb8_8320);
const CASTAGNOLI = tableOf(0x82f6_3b78);

/**
 * CRC-32 as ZIP uses it (ISO 3309, polynomial 0xEDB88320), continued from `previous`.
 * `node:zlib` has it only from Node 20.15.
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return checksum(ISO_3309, bytes, previous);
}

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) as Zarr and OCDBT use it. */
export function crc32c(bytes: Uint8Array): number {
  return checksum(CASTAGNOLI, bytes, 0);
}
