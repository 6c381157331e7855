// Draws a place of the genome with igv.js. The library is loaded from this origin when the view is first opened; files are asked
// for in pieces at this origin's /api/genome with the page's ticket (`same_origin.js`).
//
// What a file says (read names, tags, alleles) is text: the balloon of a clicked feature is written here, with every character that
// means something to a page replaced, since igv.js would write it as markup.

const VIEWS = (globalThis[Symbol.for("paratope.genome")] ??= { ticket: "", onEnded: null })
const DRAWN = new WeakMap()

const CALM = {
  loadDefaultGenomes: false,
  queryParametersSupported: false,
  search: false,
  showCircularViewButton: false,
  showSampleNameButton: false,
  showCursorTrackingGuideButton: false,
  showMultiSelectButton: false,
}

const escaped = (text) => String(text).replace(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`)

function balloon(_track, entries) {
  const lines = (entries ?? []).slice(0, 200).map((entry) => {
    if (typeof entry === "string" && entry.startsWith("<hr")) return "<hr/>"
    if (entry?.name !== undefined) return `<div><b>${escaped(entry.name)}</b>&nbsp; ${escaped(entry.value ?? "")}</div>`
    return `<div>${escaped(typeof entry === "string" ? entry : (entry?.html ?? "").replace(/<[^>]*>/g, " "))}</div>`
  })
  return lines.length ? lines.join("") : false
}

async function draw(view, data) {
  const { default: igv } = await import(new URL(data.library, window.location.origin).href)
  if (view.browser) igv.removeBrowser(view.browser)
  view.browser = null
  const div = document.createElement("div")
  view.sheet.replaceChildren(div)
  const browser = await igv.createBrowser(div, { ...CALM, reference: data.reference, locus: data.locus, tracks: data.tracks })
  browser.on("trackclick", balloon)
  view.browser = browser
  view.remove = () => igv.removeBrowser(browser)
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const section = parentElement.querySelector(".genome")
  const state = section.querySelector(".state")
  VIEWS.ticket = data.ticket
  VIEWS.onEnded = () => setTriggerValue("renew", Date.now())
  section.setAttribute("aria-label", data.label)

  let view = DRAWN.get(section)
  if (!view) DRAWN.set(section, (view = { sheet: section.querySelector(".sheet"), browser: null, shown: "", work: Promise.resolve() }))
  if (view.shown !== data.signature) {
    view.shown = data.signature
    state.textContent = "Loading the genome view …"
    section.classList.remove("failed", "drawn")
    view.work = view.work
      .then(() => draw(view, data))
      .then(() => {
        state.textContent = ""
        section.classList.add("drawn")
      })
      .catch((error) => {
        state.textContent = `The genome view cannot be drawn here: ${error?.message ?? error}. What it would show is listed below.`
        section.classList.add("failed")
      })
  }
  return () => {
    view.work.finally(() => view.remove?.())
  }
}
