"""Plants violations in a small tree and expects each to be named, and legal files to pass."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_layering  # noqa: E402
from planted_tree import PlantedTree  # noqa: E402


class Layering(PlantedTree):
    def violations(self, target):
        return list(check_layering.check_target(self.folder.name, target))

    def test_every_forbidden_edge_between_core_modules_is_found(self):
        for target, allowed in check_layering.CORE.items():
            for other in check_layering.CORE:
                self.plant(f"core/{target}/a.cc", f'#include "core/{other}/b.h"\n')
                legal = other in allowed | {target, "base"}
                self.assertEqual(len(self.violations(target)), 0 if legal else 1, f"{target} -> {other}")

    def test_the_wire_and_the_log_are_found_in_core(self):
        for include in ('"parallax/v1/ingest.pb.h"', "<grpcpp/grpcpp.h>", "<spdlog/spdlog.h>",
                        "<google/protobuf/message.h>", '"server/convert.h"', '"client/lib/client.h"'):
            self.plant("core/store/deep/a.h", f"#pragma once\n#  include {include}\n")
            self.assertEqual(len(self.violations("store")), 1, include)

    def test_client_sees_base_and_proto_only(self):
        self.plant("client/lib/a.cc", '#include "core/base/file.h"\n#include "parallax/v1/a.pb.h"\n')
        self.assertEqual(self.violations("client"), [])
        self.plant("client/lib/b.cc", '#include "core/store/store.h"\n#include "server/convert.h"\n')
        self.assertEqual(len(self.violations("client")), 2)

    def test_server_sees_core_and_not_the_client(self):
        self.plant("server/a.cc", '#include "core/store/store.h"\n#include "parallax/v1/a.pb.h"\n')
        self.assertEqual(self.violations("server"), [])
        self.plant("server/b.cc", '#include "client/lib/client.h"\n')
        self.assertEqual(len(self.violations("server")), 1)

    def test_a_forbidden_link_is_found(self):
        self.plant("core/twin/CMakeLists.txt", "# parallax_store is not used\n"
                   "parallax_module(twin SOURCES a.cc DEPENDS parallax_signal)\n")
        self.assertEqual(self.violations("twin"), [])
        self.plant("core/twin/CMakeLists.txt", "parallax_module(twin DEPENDS parallax_store gRPC::grpc++)\n")
        self.assertEqual(len(self.violations("twin")), 2)

    def test_a_foreign_namespace_is_found(self):
        self.plant("core/twin/a.h", "namespace parallax::twin::detail {\nnamespace parallax::signal {\n")
        self.assertEqual(self.violations("twin"), [])
        self.plant("core/twin/a.h", "namespace parallax::store {\n")
        self.assertEqual(len(self.violations("twin")), 1)

    def test_long_files_and_unfinished_work_are_found(self):
        self.plant("core/twin/a.h", "//\n" * 400)
        self.assertEqual(list(check_layering.check_tree(self.folder.name)), [])
        self.plant("core/twin/a.h", "//\n" * 401)
        self.plant("docs/a.md", "see TO" + "DO\n")
        self.plant("deploy/a.sh", "cd /ho" + "me/someone\n")
        self.assertEqual(len(list(check_layering.check_tree(self.folder.name))), 3)


if __name__ == "__main__":
    unittest.main()
