/*
 * Loaded into a process before its program (`node --import`): its clock is off by as many
 * milliseconds as `CRONOS_TEST_CLOCK_SHIFT_MS` says, in its worker threads too. Durations are right.
 */

const shiftMs = Number(process.env['CRONOS_TEST_CLOCK_SHIFT_MS'] ?? '0')
const RightDate = Date

class ShiftedDate extends RightDate {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(ShiftedDate.now())
    else super(...(given as [number]))
  }
  static override now(): number {
    return RightDate.now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor

export {}
