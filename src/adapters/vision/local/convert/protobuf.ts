const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Writes the protobuf wire format (protobuf.dev/programming-guides/encoding) to the extent that ONNX needs it. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  int(field: number, value: number): this {
    return this.#varint((field << 3) | VARINT).#varint(value);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#varint((field << 3) | LENGTH_DELIMITED).#varint(value.length).#append(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** Takes over the parts of a finished message, so that weights are copied only once, by `encode`. */
  message(field: number, value: ProtobufWriter): this {
    this.#varint((field << 3) | LENGTH_DELIMITED).#varint(value.#length);
    for (const part of value.#parts) this.#append(part);
    return this;
  }

  encode(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #varint(value: number): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    return this.#append(Uint8Array.from(bytes));
  }

  #append(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }
}

/** The fields of a message, in order: numbers, and the bytes of length-delimited fields. Fixed-width fields are skipped. */
export function* readFields(message: Uint8Array): Generator<{ field: number; value: number | Uint8Array }> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('The message ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) {
      yield { field, value: varint() };
    } else if (wireType === LENGTH_DELIMITED) {
      const end = varint() + at;
      yield { field, value: message.subarray(at, end) };
      at = end;
    } else if (wireType === FIXED_32 || wireType === FIXED_64) {
      at += wireType === FIXED_32 ? 4 : 8;
    } else {
      throw new Error(`A message cannot hold wire type ${wireType}`);
    }
  }
}
