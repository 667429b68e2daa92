// What can be judged of a page by looking at its elements. Each check returns a list of sentences about what is wrong.
const checks = (() => {
  const describe = (element) => {
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].map((name) => `.${name}`).join("");
    const words = (element.getAttribute("aria-label") || element.textContent || element.value || "").trim();
    return `<${element.localName}${id}${classes}> "${words.replace(/\s+/g, " ").slice(0, 60)}"`;
  };

  // On screen, and not only there for screen readers (a box of one pixel).
  const isVisible = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      return false;
    }
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      const cuts = style.overflow !== "visible" || style.clipPath !== "none" || style.clip !== "auto";
      if (cuts && style.display !== "contents" && (box.width <= 1 || box.height <= 1)) {
        return false;
      }
    }
    return true;
  };

  // Any colour that CSS can write, as red, green, blue (0 to 255) and alpha (0 to 1).
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const colour = (css) => {
    if (!known.has(css)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = css;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(css, [red, green, blue, alpha / 255]);
    }
    return known.get(css);
  };
  const over = (above, below) => {
    const alpha = above[3];
    return [0, 1, 2].map((i) => above[i] * alpha + below[i] * (1 - alpha)).concat(1);
  };
  const faded = (shown, behind, opacity) => over([...shown.slice(0, 3), opacity], behind);
  const luminance = (shown) => {
    const [red, green, blue] = shown.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const chain = (element) => {
    const found = [];
    for (let at = element; at; at = at.parentElement) {
      found.unshift(at);
    }
    return found;
  };
  // The colours that reach the eye: each ancestor paints its background, and then fades all that is inside it.
  const painted = (element, ink) => {
    const all = chain(element);
    const isDark = colour(getComputedStyle(document.documentElement).backgroundColor)[3] === 0
      && getComputedStyle(document.documentElement).colorScheme.includes("dark")
      && matchMedia("(prefers-color-scheme: dark)").matches;
    const inside = (i, behind) => {
      const style = getComputedStyle(all[i]);
      const back = over(colour(style.backgroundColor), behind);
      const shown = i + 1 < all.length ? inside(i + 1, back) : { back, text: over(colour(ink), back) };
      const opacity = Number(style.opacity);
      return { back: faded(shown.back, behind, opacity), text: faded(shown.text, behind, opacity) };
    };
    return inside(0, isDark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
  };

  const textNodes = function* () {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (walker.currentNode.data.trim() && !["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE"].includes(parent.tagName)) {
        yield { element: parent, words: walker.currentNode.data.trim(), style: getComputedStyle(parent) };
      }
    }
    for (const field of document.querySelectorAll("input, textarea, select")) {
      if (field.value && !["hidden", "checkbox", "radio", "color", "range", "file"].includes(field.type)) {
        yield { element: field, words: field.value, style: getComputedStyle(field) };
      }
      if (field.placeholder && !field.value) {
        yield { element: field, words: field.placeholder, style: getComputedStyle(field, "::placeholder") };
      }
    }
  };

  const contrast = () => {
    const wrong = new Set();
    for (const { element, words, style } of textNodes()) {
      if (!isVisible(element) || element.closest(":disabled, [aria-disabled=true]")) {
        continue;
      }
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const ink = element instanceof SVGElement ? style.fill : style.color;
      const { back, text } = painted(element, ink);
      const found = ratio(text, back);
      const least = isLarge ? 3 : 4.5;
      if (found < least) {
        const shown = [text, back].map((one) => `rgb(${one.slice(0, 3).map(Math.round)})`).join(" on ");
        wrong.add(`${describe(element)}: ${found.toFixed(2)}:1 instead of ${least}:1, ${shown}, "${words.slice(0, 40)}"`);
      }
    }
    return [...wrong];
  };

  const overflow = () => {
    const page = document.scrollingElement;
    const width = document.documentElement.clientWidth;
    if (page.scrollWidth <= width && innerWidth <= Math.max(width, screen.width)) {
      return [];
    }
    const scrolls = (element) =>
      chain(element).slice(2, -1).some((at) => getComputedStyle(at).overflowX !== "visible");
    const limit = Math.min(width, screen.width);
    const wide = [...document.body.querySelectorAll("*")]
      .filter((element) => isVisible(element) && element.getBoundingClientRect().right > limit + 0.5 && !scrolls(element))
      .map((element) => `${describe(element)} reaches ${Math.round(element.getBoundingClientRect().right)} px of ${limit}`);
    return [`the page is ${page.scrollWidth} px wide, the screen ${limit}`, ...wide];
  };

  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link], "
    + "[role=tab], [role=menuitem], [role=menuitemradio], [role=checkbox], [role=radio], [role=switch], [role=option]";
  const isInlineLink = (element) =>
    element.localName === "a" && getComputedStyle(element).display === "inline"
    && element.parentElement.textContent.trim().length > element.textContent.trim().length;
  const targets = () => {
    const wrong = [];
    for (const element of document.querySelectorAll(CONTROLS)) {
      if (!isVisible(element) || element.matches(":disabled") || isInlineLink(element)) {
        continue;
      }
      const boxes = [element, ...(element.labels || [])].map((one) => one.getBoundingClientRect());
      const isLarge = boxes.some((box) => box.width >= 43.5 && box.height >= 43.5);
      // The area that reacts may be larger than the box.
      element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const box = element.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const reacts = (right, down) => {
        const hit = document.elementFromPoint(x + right, y + down);
        return hit && (element.contains(hit) || [...(element.labels || [])].some((label) => label.contains(hit)));
      };
      const isWideEnough = box.width >= 43.5 || (reacts(-21.5, 0) && reacts(21.5, 0));
      const isHighEnough = box.height >= 43.5 || (reacts(0, -21.5) && reacts(0, 21.5));
      if (!isLarge && !(isWideEnough && isHighEnough)) {
        wrong.push(`${describe(element)} is ${Math.round(box.width)} x ${Math.round(box.height)} px`);
      }
    }
    return wrong;
  };

  // The element that has the focus, and whether one can see that.
  const focus = () => {
    const element = document.activeElement;
    if (!element || element === document.body) {
      return null;
    }
    const style = getComputedStyle(element);
    const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
      && colour(style.outlineColor)[3] > 0;
    return { what: describe(element), isSeen: isVisible(element) && (hasOutline || style.boxShadow !== "none") };
  };

  return { contrast, overflow, targets, focus };
})();
