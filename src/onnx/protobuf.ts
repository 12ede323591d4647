// The part of protobuf's wire format that ONNX needs: varints, 32-bit floats, and length-delimited bytes.
// https://protobuf.dev/programming-guides/encoding

/** Writes fields of one message; nested messages are written first and put in as bytes. */
export class Message {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** Negative numbers as two's complement in ten bytes, as protobuf's int64 has them. */
  int(field: number, value: number | bigint): this {
    return this.#add(varint((BigInt(field) << 3n) | 0n)).#add(varint(BigInt.asUintN(64, BigInt(value))))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#add(varint((BigInt(field) << 3n) | 5n)).#add(bytes)
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: Message): this {
    this.#add(varint((BigInt(field) << 3n) | 2n)).#add(varint(BigInt(value.#length)))
    for (const part of value.#parts) this.#add(part)
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint((BigInt(field) << 3n) | 2n)).#add(varint(BigInt(value.length))).#add(value)
  }

  encode(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part)
    this.#length += part.length
    return this
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
