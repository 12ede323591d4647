// SHA-256 as lower-case hex: the address of every file and the check of every payload.
// `crypto.subtle` is there in Node, in workers and in secure pages, which WebGPU needs anyway.

export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  let hex = ''
  for (const byte of digest) hex += byte.toString(16).padStart(2, '0')
  return hex
}
