// Data sets come gzipped or not, under either name: what counts is the magic number. DecompressionStream is in browsers
// and in Node alike, so a source needs only bytes.
import { ConfigError } from '../base/errors.ts'

export const isGzip = (bytes: Uint8Array): boolean => bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b

/** The contents of `bytes`, decompressed where they are gzipped. Throws ConfigError naming `file` where they are damaged. */
export async function gunzipIfNeeded(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  } catch (cause) {
    throw new ConfigError(`${file}: must be a whole gzip file, got one that cannot be decompressed. Download it again.`, { cause })
  }
}
