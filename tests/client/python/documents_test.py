"""Dicts as in a campaign's files become the protocol's messages."""

import json
import unittest

import parallax
from parallax.documents import content_id, outcome_from_document, rig_from_document, run_from_document
from parallax.v1 import resources_pb2
from rigs import TCLAB, two_heater_rig


class RigTest(unittest.TestCase):
    def test_a_rig_json(self):
        rig = rig_from_document(two_heater_rig())
        self.assertEqual((rig.kind, rig.name, rig.geometry["ambient_k"]), ("two_heater", "", 296.15))
        channel = rig.devices[0].channels[2]
        self.assertEqual((channel.id, channel.unit, channel.range_low, channel.range_high),
                         ("T1", "Cel", -40.0, 125.0))
        self.assertEqual(channel.role, resources_pb2.CHANNEL_ROLE_MEASURED)
        self.assertIs(rig_from_document(rig), rig)

    def test_further_numbers_are_attributes_and_gas_has_a_reference(self):
        document = two_heater_rig()
        document["devices"][0]["channels"][0].update(
            zone=2, reference={"temperature_k": 273.15, "pressure_pa": 101325})
        channel = rig_from_document(document).devices[0].channels[0]
        self.assertEqual(dict(channel.attributes), {"zone": 2.0})
        self.assertEqual(channel.reference.pressure_pa, 101325.0)

    def test_what_has_no_place_is_refused_with_its_path(self):
        def change(**changes):
            document = two_heater_rig()
            document["devices"][0]["channels"][1].update(changes)
            return document
        for document, field in ((change(role="sensor"), "rig.devices[0].channels[1].role"),
                                (change(range=[1]), "rig.devices[0].channels[1].range"),
                                (change(rate_hz="fast"), "rig.devices[0].channels[1]"),
                                ({**two_heater_rig(), "colour": "red"}, "rig")):
            with self.subTest(field=field), self.assertRaises(parallax.InvalidArgument) as raised:
                rig_from_document(document)
            self.assertEqual(raised.exception.field, field)


class RunTest(unittest.TestCase):
    def test_a_run_json(self):
        document = json.loads((TCLAB / "runs" / "mimo-3s" / "run.json").read_text())
        run = run_from_document(document)
        self.assertEqual(run.start_time.ToJsonString(), document["started_at"])
        self.assertEqual(len(run.segments), len(document["segments"]))
        self.assertEqual(run.segments[0].setpoints["Q1"].value, document["segments"][0]["setpoints"]["Q1"])

    def test_ramps(self):
        run = run_from_document({"segments": [{"name": "heat", "start_s": 0, "end_s": 60,
                                               "setpoints": {"T": {"ramp_to": 700}, "flow": 5}}],
                                 "substrate": {"material": "silicon", "thickness_m": 5e-4}})
        self.assertTrue(run.segments[0].setpoints["T"].ramp)
        self.assertFalse(run.segments[0].setpoints["flow"].ramp)
        self.assertEqual(run.substrate.material, "silicon")
        with self.assertRaises(parallax.InvalidArgument) as raised:
            run_from_document({"segments": [{"setpoints": {"T": {"ramp": 700}}}]})
        self.assertEqual(raised.exception.field, "run.segments[0].setpoints[T]")


class OutcomeTest(unittest.TestCase):
    def test_an_outcome_json(self):
        outcome = outcome_from_document({
            "measured_at": "2026-01-02T03:04:05Z",
            "chirality": {"method": "PL", "counts": 120,
                          "shares": [{"n": 7, "m": 5, "share": 1.0, "sd": 0.1}]},
            "height_um": {"value": 12.5, "sd": 0.5},
            "raman": {"laser_nm": 532, "d_over_g": {"value": 0.1, "sd": 0.01},
                      "rbm": [{"shift_per_cm": 283.0, "intensity": 1.0}]}})
        self.assertEqual((outcome.chirality_method, outcome.chirality[0].n), ("PL", 7))
        self.assertEqual((outcome.height_um.value, outcome.raman_rbm[0].shift_per_cm), (12.5, 283.0))
        with self.assertRaises(parallax.InvalidArgument) as raised:
            outcome_from_document({"raman": {"laser": 532}})
        self.assertEqual(raised.exception.field, "outcome.raman.laser")

    def test_equal_contents_have_equal_ids(self):
        one, other = rig_from_document(two_heater_rig()), rig_from_document(two_heater_rig())
        self.assertEqual(content_id(one), content_id(other))
        other.title = "another"
        self.assertNotEqual(content_id(one), content_id(other))
