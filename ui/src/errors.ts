import { t } from "./strings";
import type { ErrorCode } from "./wire/ErrorCode";
import type { WireError } from "./wire/WireError";

export type Severity = "info" | "warn" | "fail";

/** What a person can do about an error from where they see it. */
export type ErrorAction = "retry" | "doctor" | "none";

interface ErrorLook {
  severity: Severity;
  title: string;
  action: ErrorAction;
}

/** How each kind of failure is shown. The message and the hint come with the error itself. */
export const errorLooks: Record<ErrorCode, ErrorLook> = {
  usage: { severity: "info", title: t.errors.usage, action: "none" },
  not_found: { severity: "info", title: t.errors.notFound, action: "none" },
  nothing_to_import: { severity: "info", title: t.errors.nothingToImport, action: "none" },
  unavailable: { severity: "warn", title: t.errors.unavailable, action: "doctor" },
  disk_full: { severity: "warn", title: t.errors.diskFull, action: "doctor" },
  read_only: { severity: "warn", title: t.errors.readOnly, action: "doctor" },
  needs_person: { severity: "fail", title: t.errors.needsPerson, action: "doctor" },
  busy: { severity: "info", title: t.errors.busy, action: "retry" },
  held_by_another: { severity: "fail", title: t.errors.heldByAnother, action: "retry" },
  place_missing: { severity: "fail", title: t.errors.placeMissing, action: "retry" },
  moving: { severity: "info", title: t.errors.moving, action: "retry" },
  cancelled: { severity: "info", title: t.errors.cancelled, action: "none" },
  internal: { severity: "fail", title: t.errors.internal, action: "retry" },
};

function isWireError(value: unknown): value is WireError {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    "message" in value &&
    typeof value.message === "string" &&
    typeof value.code === "string" &&
    value.code in errorLooks
  );
}

/** Whatever was thrown, as an error the window can show. */
export function toWireError(thrown: unknown): WireError {
  if (isWireError(thrown)) {
    return { code: thrown.code, message: thrown.message, hint: thrown.hint ?? null };
  }
  return { code: "internal", message: t.errors.internalMessage, hint: t.errors.internalHint };
}
