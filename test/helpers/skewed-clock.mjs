// Preloaded into a server to shift its clock by SKEW_MS, as on a machine without time synchronisation.
const skew = Number(process.env.SKEW_MS);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skew);
    else super(...args);
  }

  static now() {
    return RealDate.now() + skew;
  }
};
