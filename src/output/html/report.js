"use strict";
(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const words = document.getElementById("filter-q");
  const boxes = Array.from(filter.querySelectorAll("input[type=checkbox]"));
  const lists = Array.from(filter.querySelectorAll("select"));
  const status = document.getElementById("filter-status");
  const again = document.getElementById("filter-none");
  const groups = Array.from(document.querySelectorAll("section.group"), (section) => ({
    section,
    of: section.dataset,
    findings: Array.from(section.querySelectorAll("article.finding"), (element) => ({
      element,
      of: element.dataset,
      text: null,
      hidden: false,
    })),
    hidden: false,
  }));
  const findings = groups.flatMap((group) => group.findings.map((one) => ({ one, group })));
  const number = (count) => count.toLocaleString("en");

  // Texts are gathered when nothing else is to do, so that the first key pressed need not wait.
  const text = ({ one, group }) => {
    if (one.text === null) {
      group.text ??= group.section.querySelector("h3").textContent;
      one.text = (group.text + " " + one.element.textContent).toLowerCase();
    }
    return one.text;
  };
  let gathered = 0;
  const gather = (left) => {
    const enough = () => left && left.timeRemaining() < 2;
    while (gathered < findings.length && !enough()) text(findings[gathered++]);
    if (gathered < findings.length) later(gather);
  };
  const later = window.requestIdleCallback || ((work) => setTimeout(() => {
    const end = performance.now() + 10;
    work({ timeRemaining: () => end - performance.now() });
  }, 20));
  later(gather);

  // What is asked for, as it stands in the address: #severity=critical,high&provider=x&q=words
  const asked = () => {
    const view = new URLSearchParams();
    const severities = boxes.filter((box) => box.checked).map((box) => box.value);
    if (severities.length > 0) view.set("severity", severities.join(","));
    for (const list of lists) if (list.value) view.set(list.name, list.value);
    if (words.value.trim()) view.set("q", words.value.trim());
    return view;
  };
  const ask = (view) => {
    const severities = (view.get("severity") || "").split(",");
    for (const box of boxes) box.checked = severities.includes(box.value);
    for (const list of lists) {
      list.value = view.get(list.name) || "";
      if (list.selectedIndex < 0) list.value = "";
    }
    words.value = view.get("q") || "";
  };

  const apply = () => {
    const view = asked();
    const severities = (view.get("severity") || "").split(",").filter(Boolean);
    const sought = (view.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const ofGroup = ["provider", "rule"].filter((name) => view.has(name));
    const ofOne = ["state", "age", "in"].filter((name) => view.has(name));
    let shown = 0;
    for (const group of groups) {
      const wanted = (severities.length === 0 || severities.includes(group.of.severity))
        && ofGroup.every((name) => group.of[name] === view.get(name));
      let here = 0;
      if (wanted) {
        for (const one of group.findings) {
          const hide = !ofOne.every((name) => one.of[name] === view.get(name))
            || (sought.length > 0 && !sought.every((word) => text({ one, group }).includes(word)));
          if (one.hidden !== hide) one.element.hidden = one.hidden = hide;
          if (!hide) here += 1;
        }
      }
      const hide = here === 0;
      if (group.hidden !== hide) group.section.hidden = group.hidden = hide;
      shown += here;
    }
    const all = view.size === 0;
    status.textContent = all
      ? `${number(findings.length)} findings`
      : `${number(shown)} of ${number(findings.length)} findings`;
    again.hidden = all;
    return view;
  };
  const update = () => {
    const view = apply().toString();
    const address = new URL(location.href);
    address.hash = view;
    if (address.href !== location.href) history.replaceState(null, "", address);
  };

  // An address names a view, or a place in the page that a view may have hidden.
  const follow = () => {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      ask(new URLSearchParams(hash));
      apply();
      return;
    }
    const place = hash && document.getElementById(hash);
    if (place && place.closest("[hidden]")) {
      ask(new URLSearchParams());
      apply();
      place.scrollIntoView();
    }
  };

  let timer = 0;
  const soon = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(update, wait);
  };
  filter.addEventListener("input", (event) => soon(event.target === words ? 10 : 0));
  again.addEventListener("click", () => {
    ask(new URLSearchParams());
    update();
    words.focus();
  });
  window.addEventListener("hashchange", follow);

  // Sums lead to what they count.
  for (const cell of document.querySelectorAll("th[data-field]")) {
    const name = cell.querySelector(".name");
    const link = document.createElement("a");
    link.className = "name";
    link.href = "#" + new URLSearchParams([[cell.dataset.field, cell.dataset.value]]);
    link.textContent = name.textContent;
    link.addEventListener("click", () => {
      document.getElementById("findings").scrollIntoView();
      status.focus();
    });
    name.replaceWith(link);
  }
  filter.hidden = false;
  follow();
})();
