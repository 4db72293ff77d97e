/** What a document sets a step to. Apart from the reader of YAML, which only editing needs. Pure. */

/** One step of a document that is read already; null when it has no such step. */
export function readSettings(document: unknown, name: string): unknown {
  const steps = (document as { steps?: unknown } | null)?.steps
  if (!Array.isArray(steps)) return null
  return steps.find((step: unknown, place) => nameOf(step as { name?: unknown; type?: unknown } | null, place) === name) ?? null
}

/** The name given, else the one that the server gives. */
function nameOf(step: { name?: unknown; type?: unknown } | null, place: number): string {
  if (typeof step?.name === 'string' && step.name !== '') return step.name
  return `${typeof step?.type === 'string' ? step.type : 'message'}-${place + 1}`
}
