"use strict";
(() => {
  const box = document.getElementById("filter");
  if (!box) return;
  const input = document.getElementById("filter-text");
  const status = document.getElementById("filter-status");
  const groups = Array.from(document.querySelectorAll("section.group")).map((section) => ({
    section,
    findings: Array.from(section.querySelectorAll("article.finding")),
    texts: null,
  }));
  const all = groups.reduce((sum, group) => sum + group.findings.length, 0);

  // Read once, when it is first needed: every later search only looks into these texts.
  const texts = (group) => {
    if (!group.texts) {
      const heading = group.section.querySelector("h2").textContent + " ";
      group.texts = group.findings.map((one) => (heading + one.textContent).toLowerCase());
    }
    return group.texts;
  };

  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      let here = 0;
      group.findings.forEach((finding, at) => {
        const hide = words.length > 0 && !words.every((word) => texts(group)[at].includes(word));
        if (finding.hidden !== hide) finding.hidden = hide;
        if (!hide) here += 1;
      });
      if (group.section.hidden !== (here === 0)) group.section.hidden = here === 0;
      shown += here;
    }
    status.textContent = words.length > 0 ? `${shown} of ${all} findings shown` : "";
  };

  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 150);
  });
  box.hidden = false;
})();
