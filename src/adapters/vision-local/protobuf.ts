const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Writes the protobuf wire format (protobuf.dev/programming-guides/encoding), as far as ONNX needs it. */
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

  /** Takes over the parts of a finished message: weights are copied once only, by `encode`. */
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
