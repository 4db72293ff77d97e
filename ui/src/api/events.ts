/** Reads the lines of a `text/event-stream` (WHATWG HTML, 9.2) as they arrive in pieces. Pure. */

export interface StreamEvent {
  event: string
  data: string
}

export class EventReader {
  private rest = ''
  private event = ''
  private data: string[] = []

  /** Takes the next piece of text and returns the events that are now complete. */
  push(piece: string): StreamEvent[] {
    const complete: StreamEvent[] = []
    this.rest += piece
    // A piece may end between \r and \n: keep a last \r until we know what follows.
    const held = this.rest.endsWith('\r') ? '\r' : ''
    const lines = this.rest.slice(0, this.rest.length - held.length).split(/\r\n|\n|\r/)
    this.rest = (lines.pop() ?? '') + held
    for (const line of lines) {
      if (line !== '') this.take(line)
      else if (this.data.length > 0) complete.push(this.finish())
      else this.event = ''
    }
    return complete
  }

  private take(line: string): void {
    if (line.startsWith(':')) return
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.event = value
    else if (field === 'data') this.data.push(value)
  }

  private finish(): StreamEvent {
    const done = { event: this.event || 'message', data: this.data.join('\n') }
    this.event = ''
    this.data = []
    return done
  }
}
