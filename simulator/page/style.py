"""How the page looks, in light and in dark."""

STYLE = """
:root{--ink:#17212b;--soft:#6b7a88;--paper:#f2f5f8;--card:#fff;--line:#dfe6ec;--blue:#3390ec;--mine:#e3f7d3;--red:#d64550}
@media (prefers-color-scheme:dark){:root{--ink:#e8eef4;--soft:#8b9aa8;--paper:#0f1720;--card:#182533;--line:#26364a;
--blue:#5ea9f2;--mine:#2b5278;--red:#f07178}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:20px;background:var(--paper);color:var(--ink);
font:15px/1.4 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:24px;margin:0 0 14px}h1 small{font-size:14px;font-weight:400;color:var(--soft);margin-left:8px}
h2{font-size:15px;margin:22px 0 8px;color:var(--soft);font-weight:600}
section:not(.cards):not(.phones){background:var(--card);border:1px solid var(--line);border-radius:12px;padding:10px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(165px,1fr));gap:10px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:10px 12px}
.card b{display:block;font-size:19px;font-variant-numeric:tabular-nums}.card span{color:var(--soft);font-size:13px}
.card.bad b{color:var(--red)}
section>svg{display:block;width:100%;height:auto;font-size:11px}svg text{fill:var(--soft)}
.grid{stroke:var(--line)}.bar{fill:var(--blue)}.over{fill:var(--red)}
line.limit{stroke:var(--red);stroke-dasharray:5 4}text.limit{fill:var(--red)}
.phones{display:grid;grid-template-columns:repeat(auto-fill,minmax(215px,1fr));gap:14px;align-items:start}
.phone{background:var(--card);border:1px solid var(--line);border-radius:18px;padding:0 10px 12px;overflow:hidden;
display:flex;flex-direction:column;gap:6px}
.phone header{display:grid;grid-template-columns:34px 1fr;column-gap:8px;margin:0 -10px 4px;padding:9px 12px;
border-bottom:1px solid var(--line);line-height:1.2;align-items:center}
.phone i{grid-row:span 2;width:34px;height:34px;border-radius:50%;background:var(--blue);color:#fff;
display:grid;place-items:center;font-style:normal;font-weight:600}
.phone header b{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.phone header small{color:var(--soft)}
.bubble{max-width:92%;padding:7px 10px 4px;border-radius:13px;font-size:13.5px;overflow-wrap:anywhere}
.bubble.person{align-self:flex-end;background:var(--mine);border-bottom-right-radius:4px}
.bubble.bot{align-self:flex-start;background:var(--paper);border-bottom-left-radius:4px}
.bubble time{display:block;text-align:right;font-size:11px;color:var(--soft)}
.map{height:54px;margin-bottom:4px;border-radius:8px;display:grid;place-items:center;font-size:22px;color:#17212b;
background:repeating-linear-gradient(35deg,#d9e7d2 0 14px,#eef3ea 14px 17px,#cfe0ec 17px 30px)}
.button{align-self:stretch;text-align:center;border:1px solid var(--line);border-radius:9px;padding:4px;
color:var(--blue);font-size:13px}
.button.pressed{background:var(--blue);color:#fff}
"""
