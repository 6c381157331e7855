// Sends large files in pieces to this origin's /api/uploads, and goes on where it was after a broken connection or a reload.
//
// The transfers live on the window, not in the element: they go on while other pages of the dashboard are open, and are shown again
// on return. How much has arrived is what the server says; nothing is counted here but for the display. After a reload the browser
// has forgotten the file: choosing it again finds the unfinished upload by the file's fingerprint.

const PLACE = Symbol.for("paratope.uploads")
const MIB = 1 << 20
const ATTEMPTS = 10
const LONGEST_WAIT = 30_000
const TICKET_WAIT = 30_000

class Transfers {
  constructor() {
    this.items = []
    this.settings = {}
    this.view = null
    this.drawing = null
    this.ticketWaiters = []
    this.running = false
    window.addEventListener("online", () => this.items.forEach((item) => item.wake?.()))
    window.addEventListener("beforeunload", (event) => {
      if (this.items.some((item) => item.state === "sending")) event.preventDefault()
    })
  }

  configure(settings) {
    const renewed = settings.ticket !== this.settings.ticket
    this.settings = settings
    // the page lists what has arrived from now on
    this.items = this.items.filter((item) => item.state !== "done" || !settings.ready.includes(item.id))
    if (renewed) this.ticketWaiters.splice(0).forEach((resolve) => resolve(true))
  }

  add(files) {
    for (const file of files) {
      const same = this.items.find((item) => item.file.name === file.name && item.file.size === file.size && item.state !== "failed")
      if (same && same.state !== "done") {
        same.file = file
        this.resume(same)
        continue
      }
      this.items = this.items.filter((item) => item.file.name !== file.name || item.state !== "failed")
      const empty = file.size === 0
      const [state, note] = empty ? ["failed", "This file is empty: there is nothing to send."] : ["waiting", ""]
      this.items.push({ file, id: null, sent: 0, state, note, quarter: 0, controller: null, wake: null })
    }
    this.show()
    this.run()
  }

  async run() {
    if (this.running) return
    this.running = true
    try {
      for (let item = this.next(); item; item = this.next()) await this.transfer(item)
    } finally {
      this.running = false
    }
  }

  next() {
    return this.items.find((item) => item.state === "waiting")
  }

  async transfer(item) {
    item.controller = new AbortController()
    let failures = 0
    while (true) {
      try {
        if (item.id === null) await this.begin(item)
        item.state = "sending"
        item.since = { time: performance.now(), sent: item.sent }
        while (item.sent < item.file.size) {
          await this.piece(item)
          failures = 0
        }
        return this.end(item, "done", "Arrived completely")
      } catch (problem) {
        if (item.controller.signal.aborted) return
        if (problem.fatal) return this.end(item, "failed", problem.message)
        failures += 1
        if (failures > ATTEMPTS) return this.end(item, "paused", "The connection is lost. Resume when it is back.")
        const wait = problem.wait ?? Math.min(LONGEST_WAIT, 1000 * 2 ** (failures - 1))
        item.note = `${problem.message} Trying again in ${Math.ceil(wait / 1000)} s …`
        this.show()
        await pause(wait, item)
        if (item.controller.signal.aborted) return
        item.note = ""
      }
    }
  }

  async begin(item) {
    item.note = "Looking whether a part of this file has arrived before …"
    this.show()
    const body = JSON.stringify({ filename: item.file.name, size: item.file.size, fingerprint: await fingerprint(item.file) })
    const answer = await this.ask(item, "POST", "", { "Content-Type": "application/json" }, body)
    item.id = answer.id
    item.sent = answer.offset
    item.chunk = Math.max(MIB, Math.min(answer.chunk_bytes, this.settings.chunkBytes))
    item.note = ""
    if (item.sent > 0) this.say(`${item.file.name} goes on at ${percent(item)}`)
  }

  async piece(item) {
    const start = item.sent
    const piece = item.file.slice(start, Math.min(item.file.size, start + item.chunk))
    await readable(piece)
    const headers = { "Upload-Offset": String(start), "Content-Type": "application/offset+octet-stream" }
    const answer = await this.ask(item, "PATCH", `/${item.id}`, headers, piece, (loaded) => {
      item.sent = start + loaded
      this.show()
    })
    item.sent = answer.offset
    const quarter = Math.floor((4 * item.sent) / item.file.size)
    if (quarter > item.quarter && quarter < 4) this.say(`${item.file.name}: ${percent(item)} sent`)
    item.quarter = quarter
    this.show()
  }

  async ask(item, method, path, headers, body, onProgress) {
    let answer
    try {
      const all = { ...headers, "Upload-Ticket": this.settings.ticket }
      answer = await request(method, this.settings.url + path, all, body, item.controller.signal, onProgress)
    } catch (error) {
      await this.learnOffset(item)
      throw error
    }
    if (answer.status < 300) return answer.body
    const detail = typeof answer.body.detail === "string" ? answer.body.detail : `the server answered ${answer.status}`
    if (answer.status === 409 && Number.isInteger(answer.body.offset)) {
      item.sent = answer.body.offset
      return answer.body
    }
    if (answer.status === 404 && method === "PATCH") {
      item.id = null
      throw { message: "The server no longer has this upload." }
    }
    if (answer.status === 401) {
      await this.newTicket()
      throw { message: "The permission to send has been renewed.", wait: 0 }
    }
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      throw { message: sentence(detail), wait: answer.retryAfter }
    }
    throw { message: sentence(detail), fatal: true }
  }

  async learnOffset(item) {
    // a broken piece has arrived in part; what exactly, only the server knows
    if (item.id === null || item.controller.signal.aborted) return
    try {
      const answer = await request("GET", `${this.settings.url}/${item.id}`, { "Upload-Ticket": this.settings.ticket }, null, item.controller.signal)
      if (answer.status === 200) item.sent = answer.body.offset
    } catch {
      return
    }
  }

  async newTicket() {
    const renewed = new Promise((resolve) => {
      this.ticketWaiters.push(resolve)
      setTimeout(() => resolve(false), TICKET_WAIT)
    })
    this.view?.trigger("renew", Date.now())
    if (!(await renewed)) throw { message: "The page has been open for long: reload it and choose the file again.", fatal: true }
  }

  pauseItem(item) {
    item.state = "paused"
    item.note = "Paused"
    item.controller?.abort()
    item.wake?.()
    this.say(`${item.file.name} is paused at ${percent(item)}`)
    this.show()
  }

  resume(item) {
    if (!["paused", "failed"].includes(item.state)) return
    item.state = "waiting"
    item.note = ""
    item.id = null // asking anew tells how much has arrived
    this.show()
    this.run()
  }

  async remove(item) {
    const unfinished = item.id !== null && item.state !== "done"
    item.controller?.abort()
    item.wake?.()
    this.items = this.items.filter((other) => other !== item)
    this.say(`${item.file.name} is removed`)
    this.show()
    if (!unfinished) return
    try {
      await request("DELETE", `${this.settings.url}/${item.id}`, { "Upload-Ticket": this.settings.ticket }, null)
    } catch {
      // the server is not there: the sweep of abandoned uploads deletes it
    }
    this.view?.trigger("arrived", Date.now())
  }

  end(item, state, note) {
    item.state = state
    item.note = note
    this.say(`${item.file.name}: ${note}`)
    this.show()
    if (state !== "paused") this.view?.trigger("arrived", Date.now())
  }

  say(text) {
    if (this.view) this.view.live.textContent = text
  }

  show() {
    if (!this.view || this.drawing) return
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null
      if (this.view) draw(this, this.view)
    })
  }
}

function request(method, url, headers, body, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest() // fetch does not tell how much of a body has been sent
    call.open(method, url)
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value)
    if (onProgress) call.upload.onprogress = (event) => onProgress(event.loaded)
    call.onload = () => {
      let answer = {}
      try {
        answer = JSON.parse(call.responseText)
      } catch {
        // a proxy may answer with a page of its own: the status says enough
      }
      const after = Number(call.getResponseHeader("Retry-After"))
      resolve({ status: call.status, body: answer ?? {}, retryAfter: after > 0 ? after * 1000 : undefined })
    }
    call.onerror = () => reject({ message: "The connection broke." })
    call.onabort = () => reject({ message: "Stopped." })
    signal?.addEventListener("abort", () => call.abort(), { once: true })
    if (signal?.aborted) reject({ message: "Stopped." })
    else call.send(body)
  })
}

async function readable(piece) {
  try {
    await piece.slice(0, 1).arrayBuffer()
  } catch {
    throw { message: "The file was changed or moved and can no longer be read. Choose it again.", fatal: true }
  }
}

async function fingerprint(file) {
  const middle = Math.floor(file.size / 2)
  const head = new TextEncoder().encode(`${file.size} ${file.lastModified} `)
  const parts = [head, file.slice(0, MIB), file.slice(middle, middle + MIB), file.slice(Math.max(0, file.size - MIB))]
  let bytes
  try {
    bytes = await new Blob(parts).arrayBuffer()
  } catch {
    throw { message: "The file cannot be read.", fatal: true }
  }
  if (!globalThis.crypto?.subtle) return "" // no secure context: the file is sent from its beginning
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

function pause(milliseconds, item) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    item.wake = () => {
      clearTimeout(timer)
      resolve()
    }
  }).finally(() => {
    item.wake = null
  })
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace("..", ".")
const percent = (item) => `${Math.floor((100 * item.sent) / item.file.size)} %`

function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"]
  let unit = 0
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000
    unit += 1
  }
  return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`
}

function timeLeft(item) {
  const seconds = (performance.now() - item.since.time) / 1000
  const sent = item.sent - item.since.sent
  if (seconds < 2 || sent <= 0) return ""
  const rate = sent / seconds
  const left = Math.ceil((item.file.size - item.sent) / rate)
  const words = left >= 3600 ? `${Math.round(left / 360) / 10} h` : left >= 60 ? `${Math.ceil(left / 60)} min` : `${left} s`
  return ` · ${size(rate)}/s · about ${words} left`
}

function words(item) {
  const arrived = `${size(item.sent)} of ${size(item.file.size)} (${percent(item)})`
  if (item.state === "done") return `✓ ${item.note} · ${size(item.file.size)}`
  if (item.state === "failed") return `✗ ${item.note}`
  if (item.state === "waiting") return item.note || `Waits for its turn · ${size(item.file.size)}`
  if (item.note) return `${item.note} · ${arrived}`
  return `Sending · ${arrived}${timeLeft(item)}`
}

function draw(transfers, view) {
  for (const [item, row] of view.rows) {
    if (!transfers.items.includes(item)) {
      row.element.remove()
      view.rows.delete(item)
    }
  }
  for (const item of transfers.items) {
    const row = view.rows.get(item) ?? newRow(transfers, view, item)
    row.element.className = `file ${item.state}`
    row.state.textContent = words(item)
    row.bar.value = item.file.size ? item.sent / item.file.size : 0
    row.bar.textContent = percent(item)
    row.bar.hidden = ["done", "failed"].includes(item.state)
    row.toggle.hidden = item.state === "done" || item.file.size === 0
    const word = item.state === "paused" ? "Resume" : item.state === "failed" ? "Try again" : "Pause"
    row.toggle.textContent = word
    row.toggle.setAttribute("aria-label", `${word} ${item.file.name}`)
  }
}

function newRow(transfers, view, item) {
  const make = (tag, name, parent) => {
    const made = document.createElement(tag)
    made.className = name
    parent.append(made)
    return made
  }
  const element = make("li", "file", view.list)
  make("span", "name", element).textContent = item.file.name
  const buttons = make("span", "buttons", element)
  const state = make("span", "state", element)
  const bar = make("progress", "bar", element)
  bar.max = 1
  bar.setAttribute("aria-label", `Progress of ${item.file.name}`)
  const toggle = make("button", "toggle", buttons)
  const remove = make("button", "remove", buttons)
  toggle.type = remove.type = "button"
  toggle.onclick = () => (["paused", "failed"].includes(item.state) ? transfers.resume(item) : transfers.pauseItem(item))
  remove.textContent = "Remove"
  remove.setAttribute("aria-label", `Remove ${item.file.name}`)
  remove.onclick = () => transfers.remove(item)
  const row = { element, state, bar, toggle }
  view.rows.set(item, row)
  return row
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const transfers = (window[PLACE] ??= new Transfers())
  const find = (selector) => parentElement.querySelector(selector)
  const list = find(".files")
  if (transfers.view?.list !== list) {
    list.replaceChildren()
    transfers.view = { list, live: find(".live"), rows: new Map(), trigger: setTriggerValue }
  }
  transfers.view.trigger = setTriggerValue
  transfers.configure(data)

  const zone = find(".zone")
  const input = find(".input")
  find(".hint").textContent = data.hint
  input.accept = data.accept
  find(".choose").onclick = () => input.click()
  input.onchange = () => {
    transfers.add([...input.files])
    input.value = "" // so that the same file can be chosen again
  }
  zone.ondragover = (event) => {
    event.preventDefault()
    zone.classList.add("over")
  }
  zone.ondragleave = () => zone.classList.remove("over")
  zone.ondrop = (event) => {
    event.preventDefault()
    zone.classList.remove("over")
    transfers.add([...event.dataTransfer.files])
  }
  transfers.show()

  return () => {
    if (transfers.view?.list === list) transfers.view = null
  }
}
