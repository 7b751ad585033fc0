from collections.abc import Iterator
from pathlib import Path
import logging, itertools, traceback
import pytest
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, open_front_door
from tests.support.work_scene import read_good_plan

NASTY = ["", "\x00", "a\x00b", "\r\nX: y", "\ud800".encode("utf-8","surrogatepass"), b"\xff\xfe", "é", "x"*300, "9"*30, "-1", "💥", "../..", "\u202e", "<b>", "'", "١٢", " ", "1e5", "\x1b[0m", "%00"]

@pytest.fixture
def door(database_url, tmp_path, clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        opened.app.config["PROPAGATE_EXCEPTIONS"]=False
        yield opened

def enc(v):
    from urllib.parse import quote_from_bytes, quote
    return quote_from_bytes(v, safe="") if isinstance(v, bytes) else quote(v, safe="")

def test_fuzz(door, caplog):
    caplog.set_level(logging.ERROR)
    dana = door.person("101"); dana.launch()
    ruth = door.person("201"); ruth.launch()
    mod="modules/visioning"
    # plan submitted
    page=dana.get(f"{mod}/plan"); f=page.form()
    from lti_tool.services.submitting import submit_work
    from lti_tool.services.drafts import DraftInput
    from lti_tool.services.visits import find_visit
    sec=lambda p: p.tool.get_cookie("__Host-s_"+p.session_id, domain="127.0.0.1")
    fails=[]
    def go(who, method, path, body=None, ctype=None, headers=None, tag=""):
        caplog.clear()
        h={"Origin":TOOL}; h.update(headers or {})
        try:
            r=getattr(who.tool,method)(path, base_url=TOOL, data=body, content_type=ctype, headers=h)
        except Exception as e:
            fails.append((tag, method, path[:80], (body or b"")[:80], repr(e)[:200])); return None
        if r.status_code>=500:
            rec=caplog.records[-1] if caplog.records else None
            ex = "".join(traceback.format_exception(*rec.exc_info)[-3:])[-600:] if rec and rec.exc_info else ""
            fails.append((tag, method, path[:80], (body or b"")[:80], ex))
        return r
    def tok(who):
        from lti_tool.web.guards import make_csrf_token
        return make_csrf_token(door.tool, who.session_id)
    U="application/x-www-form-urlencoded"
    # public
    for v in NASTY:
        e=enc(v)
        for p in (f"/lti/login/{e}", f"/s/{e}/", f"/s/{dana.session_id}/modules/{e}", f"/s/{dana.session_id}/modules/visioning/readings/{e}", f"/s/{dana.session_id}/modules/visioning/reflections/{e}", f"/{e}", f"/static/{e}", f"/s/{dana.session_id}/modules/{e}/plan", f"/s/{dana.session_id}/?x={e}"):
            go(dana,"get",p,tag="url")
        go(dana,"post",f"/lti/login/{e}/tab",b"",U,tag="tab")
        for p in (f"/s/{ruth.session_id}/reviews/{e}", f"/s/{ruth.session_id}/reviews/{e}/release",f"/s/{ruth.session_id}/link?module={e}", f"/s/{ruth.session_id}/reviews/1/release?decision={e}"):
            go(ruth,"get",p,tag="url-staff")
        for p in (f"/s/{ruth.session_id}/reviews/{e}", f"/s/{ruth.session_id}/grades/{e}/retry"):
            go(ruth,"post",p,f"csrf_token={tok(ruth)}&do=retry".encode(),U,tag="url-staff-post")
        good=dana.start_login()
        for name in [*good,"client_id","lti_message_hint","lti_deployment_id","deployment_id","lti_storage_target"]:
            b="&".join(f"{k}={enc(val) if k!=name else e}" for k,val in {**good, name:""}.items()).encode()
            go(dana,"post","/lti/login",b,U,tag="login")
            go(dana,"get","/lti/login?"+b.decode(),tag="login")
        for name in ["state","id_token","error","error_description"]:
            b=("&".join(f"{k}={e}" for k in {name,"state"})).encode()
            go(dana,"post","/lti/launch",b,U,tag="launch")
        for hd in ["Origin","X-CSRF-Token","Accept","Accept-Language","Cookie","Content-Type","Host","Sec-Fetch-Site","Range","If-Modified-Since","If-None-Match","User-Agent","Referer","X-Forwarded-Host","X-Forwarded-Proto"]:
            val = v if isinstance(v,str) else v.decode("latin1")
            try: val.encode("latin1")
            except Exception: val=val.encode().decode("latin1")
            if "\n" in val or "\x00" in val: continue
            for p in ("/lti/jwks.json","/healthz",f"/s/{dana.session_id}/","/static/css/base.css","/readyz","/nowhere"):
                go(dana,"get",p,headers={hd:val},tag="hdr "+hd)
            go(dana,"post",f"/s/{dana.session_id}/modules/visioning/plan",b"do=save",U,headers={hd:val},tag="hdrpost "+hd)
        for cname in ["__Host-s_"+dana.session_id,"__Host-n_"+dana.session_id,"session","__Host-lti_x"]:
            val = v if isinstance(v,str) else v.decode("latin1")
            try: val.encode("latin1")
            except Exception: val=val.encode().decode("latin1")
            if "\n" in val: continue
            fresh=door.person("101")
            go(fresh,"get",f"/s/{dana.session_id}/",headers={"Cookie":f"{cname}={val}"},tag="cookie "+cname)
    # forms
    forms={"dana":[f"{mod}/plan",f"{mod}/plan/autosave",f"{mod}/reflections/a",f"{mod}/reflections/a/autosave",f"{mod}/readings/1_what_are_we_for", f"{mod}/readings/what_are_we_for"]}
    dana_forms=[]
    for p in (f"{mod}/plan",f"{mod}/reflections/a"):
        pg=dana.get(p)
        if pg.status==200: dana_forms.append((p,pg.form()))
    import re
    ser=dana.get(mod)
    hrefs=set(re.findall(r'href="(/s/[^"#?]+)', ser.response.text))
    open("/tmp/fz/hrefs","w").write(str(sorted(hrefs)))
    for h in hrefs:
        if "readings" in h:
            pg=dana.get(h); dana_forms.append((h,pg.form()))
    for p,form in dana_forms:
        path=dana.place(p)
        names=list(form)
        picks = names if len(names)<15 else names[:6]+names[6::max(1,len(names)//12)]
        for name in {*picks,"do","version","place","csrf_token","settles","keep.text","is_private","check.zzz"}:
            for v in NASTY:
                data=[(k,x) for k,val in form.items() for x in (val if isinstance(val,list) else [val]) if k!=name]+[(name,v)]
                if name!="do": data.append(("do","save"))
                b="&".join(f"{enc(k)}={enc(x)}" for k,x in data).encode()
                go(dana,"post",path,b,U,tag="form "+name)
                if "plan" in path or "reflections" in path:
                    go(dana,"post",path+"/autosave",b,U,tag="auto "+name)
        for do in ["save","submit","submit_as_is","take_back","reopen","add:x","add:strategic_goals","remove:strategic_goals:r1","up:strategic_goals:r1","remove:::","read"]:
            b="&".join(f"{enc(k)}={enc(x)}" for k,val in {**form,"do":do}.items() for x in (val if isinstance(val,list) else [val])).encode()
            go(dana,"post",path,b,U,tag="do "+do)
        for q in NASTY:
            b="&".join(f"{enc(k)}={enc(x)}" for k,val in {**form,"do":"save"}.items() for x in (val if isinstance(val,list) else [val])).encode()
            go(dana,"post",path+"?place="+enc(q),b,U,tag="qplace")
        # bodies
        t=tok(dana)
        bodies=[(b"\xff\xfe\x00",U),(b"csrf_token="+t.encode()+b"&a="+b"\xff",U),(b"{}","application/json"),(b"--x\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n"+t.encode()+b"\r\n--x--\r\n","multipart/form-data; boundary=x"),(b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n","multipart/form-data; boundary=x"),(b"","multipart/form-data"),(b"x","multipart/form-data; boundary=\xc3\xa9"),(b"--x\r\n"*20000,"multipart/form-data; boundary=x"),(b"a"*(1024*1024+5),U), (b"csrf_token="+t.encode()+b"&do=save"+b"&a.x=1"*100000,U),(b"x","text/plain; charset=\xff".replace("\xff","z") if False else "text/plain; charset=zzz")]
        for b,c in bodies:
            go(dana,"post",path,b,c,tag="body "+c[:30])
        multi=b"".join(b"--x\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\nv\r\n"%i for i in range(6000))+b"--x--\r\n"
        go(dana,"post",path,multi,"multipart/form-data; boundary=x",tag="multi6000")
    # methods
    for rule in door.app.url_map.iter_rules():
        url=rule.rule.replace("<session_id>",dana.session_id).replace("<flow_id>","f").replace("<module_key>","visioning").replace("<reading_key>","x").replace("<reflection_key>","a").replace("<int:submission_id>","1").replace("<int:delivery_id>","1").replace("<path:filename>","css/base.css")
        for m in ("get","head","options","put","delete","patch","post","trace"):
            r=go(dana,m,url,tag="method "+m)
            if r is not None and r.status_code==405 and not r.headers.get("Allow"): fails.append(("noallow",m,url,b"",""))
            if r is not None and m=="head" and r.data: fails.append(("headbody",m,url,b"",""))
            r=go(ruth,m,url.replace(dana.session_id,ruth.session_id),tag="method-staff "+m)
    seen=set()
    for f in fails:
        key=(f[0], f[4][-150:])
        if key in seen: continue
        seen.add(key); open("/tmp/fz/fails","a").write(repr(f)+"\n")
    assert not fails, len(fails)
