/** The API key of this browser tab, and whether the API has asked for one. It is forgotten with the tab. */

const PLACE = 'motet.key'

let key: string | null = readKey()
let asked = false
const listeners = new Set<() => void>()

function readKey(): string | null {
  try {
    return sessionStorage.getItem(PLACE)
  } catch {
    return null // storage is switched off: the key lives as long as the page
  }
}

function tell(): void {
  for (const listener of listeners) listener()
}

export function currentKey(): string | null {
  return key
}

/** Whether the API answered 401 and the person must say a key before anything can be shown. */
export function keyAsked(): boolean {
  return asked
}

export function keepKey(value: string): void {
  key = value
  asked = false
  try {
    sessionStorage.setItem(PLACE, value)
  } catch {
    // see readKey
  }
  tell()
}

export function forgetKey(): void {
  key = null
  asked = true
  try {
    sessionStorage.removeItem(PLACE)
  } catch {
    // see readKey
  }
  tell()
}

/** Called when an answer was 401. */
export function askForKey(): void {
  if (asked) return
  asked = true
  tell()
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
