// Formulas are set when a page is shown; diagrams by the theme, with the script that this site serves.
document$.subscribe(({ body }) => {
  renderMathInElement(body, {
    delimiters: [
      { left: "$$", right: "$$", display: true },
      { left: "\\(", right: "\\)", display: false },
      { left: "\\[", right: "\\]", display: true },
    ],
  })
  for (const diagram of body.querySelectorAll("pre.mermaid")) {
    const frame = document.createElement("div")
    frame.className = "diagram"
    diagram.replaceWith(frame)
    frame.append(diagram)
  }
})
