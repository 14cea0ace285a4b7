"""A ward on which everything happened once: what the screens have to show."""

import io
from datetime import timedelta

from journey import enrol, iso, whole_course
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from postgresql import APP

from onearm.ledger.migration import migrate
from onearm.ledger.store import open_engine, sqlite_url

MAPPING = """
schema = "onearm.mapping/1"
source = "LAB"
site = "S01"
timezone = "Europe/Madrid"
files = "labs*.csv"
delimiter = ";"
decimal = ","
[[table]]
to = "measurements"
constants = {{ specimen = "serum" }}
[table.columns]
subject_id = {{ from = "ID" }}
collected_at = {{ from = "FECHA", format = "%d/%m/%Y %H:%M" }}
raw_value = {{ from = "VALOR", comparator = true }}
raw_unit = {{ from = "UNIDAD" }}
marker = {{ from = "PRUEBA", map = {{ "PCR" = "crp", "Ferritina" = "ferritin" }}, unmapped = "refuse" }}
""".format()


def picture(size=(40, 30), form="PNG"):
    """A picture whose file says who and when."""
    image = Image.linear_gradient("L").resize(size)
    out = io.BytesIO()
    if form == "PNG":
        told = PngInfo()
        told.add_text("PatientName", "Somebody")
        image.save(out, "PNG", pnginfo=told)
    else:
        image.save(out, form, exif=Image.Exif(), comment=b"Somebody")
    return out.getvalue()


def send_picture(ward, account, subject, **changes):
    """Upload one picture by the form; gives the answer."""
    typed = {"modality": "chest_xray", "taken_at": "2020-04-10T09:00", "looked": "true", "csrf": ward.csrf(account)}
    files = {"file": ("treated-patient.png", changes.pop("data", picture()), "image/png")}
    return ward.client(account).post(f"/patients/{subject}/images", data=typed | changes, files=files)


def make_busy(ward):
    """A treated patient at S01, an untreated one at S02, a query, an image, a lock; gives the names."""
    other = enrol(ward, "NU2", "S02")
    subject, bag, infusion = whole_course(ward)
    weight = f"{subject}-W1"
    ward.done("IN1", "correct-weights", weight, weight_kg="81", measured_at=iso(ward.clock.now - timedelta(days=20)),
              method="bed", reason="read wrongly", confirm=True)  # fmt: skip
    ward.done(
        "MO1", "ask-query", table_name="weights", record_key=weight, column_name="weight_kg", question="Is it right?"
    )
    ward.done("MO1", "ask-query", table_name="subjects", record_key=other, question="Is this the age?")
    assert send_picture(ward, "NU1", subject).status_code == 303
    with ward.ledger.reading() as view:
        (image,) = view.rows("images")
    return {"subject": subject, "other": other, "bag": bag, "infusion": infusion, "image": image["image_id"]}


def fresh_client(ward, account):
    """Signed in anew: sessions end while the clock goes on."""
    ward.clients.pop(account, None)
    return ward.client(account)


def new_database(request, place):
    """A fresh, migrated database of the kind a module-wide fixture asks for."""
    if request.param == "sqlite":
        engine = open_engine(url := sqlite_url(place / "ledger.sqlite"))
        migrate(engine)
        engine.dispose()
        return url
    server, name = request.getfixturevalue("postgresql_server"), f"busy_{place.name}".lower()
    server.run(f"CREATE DATABASE {name} TEMPLATE template_onearm")
    return server.url(name, APP)
