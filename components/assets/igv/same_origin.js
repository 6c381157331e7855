// Stands in front of igv.js in the same module, where these two names hide the browser's own: whatever igv.js asks for, it can
// only ask this dashboard's origin. Its lists of genomes, its search for names, its table of moved addresses and BLAT lie on other
// hosts and are refused here before a request is made. The page's ticket goes along in a header.
const VIEWS = (globalThis[Symbol.for("paratope.genome")] ??= { ticket: "", onEnded: null })

function ownAddress(url) {
  const address = new URL(String(url), globalThis.location.href)
  if (address.origin !== globalThis.location.origin) throw new Error("The genome view sends nothing to other computers.")
  return address.href
}

const XMLHttpRequest = class extends globalThis.XMLHttpRequest {
  open(method, url, ...rest) {
    super.open(method, ownAddress(url), ...rest)
    this.setRequestHeader("Genome-Ticket", VIEWS.ticket)
    this.addEventListener("load", () => this.status === 401 && VIEWS.onEnded?.())
  }
}

const fetch = async (url, options) => globalThis.fetch(ownAddress(url), options)
