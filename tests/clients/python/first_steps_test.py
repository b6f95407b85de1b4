"""Walks the first steps against a `waymark dev` of its own: first_steps_test.py PATH_OF_WAYMARK."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
WAYMARK = os.path.abspath(sys.argv.pop(1))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def die_with_the_test():
    pr_set_pdeathsig = 1  # prctl(2)
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class FirstStepsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="waymark-python-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        stubs = os.path.join(cls.folder, "stubs")
        subprocess.run([os.path.join(HERE, "generate"), stubs], check=True)
        sys.path[:0] = [stubs, HERE]

        cls.address = f"127.0.0.1:{free_port()}"
        command = [WAYMARK, "dev", "--data-dir", os.path.join(cls.folder, "data"), "--grpc-port", cls.address.split(":")[1]]
        cls.server = subprocess.Popen(command, preexec_fn=die_with_the_test)
        cls.addClassCleanup(cls.stop)

        import grpc

        cls.channel = grpc.insecure_channel(cls.address)
        cls.addClassCleanup(cls.channel.close)
        grpc.channel_ready_future(cls.channel).result(timeout=60)

    @classmethod
    def stop(cls):
        cls.server.terminate()
        assert cls.server.wait(timeout=60) == 0, "waymark dev ends with 0 when it is told to stop"

    def test_a_customer_travels_a_journey(self):
        import first_steps

        published = first_steps.publish(self.channel, "onboarding", first_steps.onboarding())

        outcomes, token = first_steps.send(self.channel, "acme", ["signed_up"], published)
        self.assertEqual(outcomes, ["EVENT_OUTCOME_ACCEPTED"])
        self.assertEqual(first_steps.stage_of(self.channel, "acme", token), {"onboarding": "setup"})

        outcomes, token = first_steps.send(self.channel, "acme", ["signed_up", "data_connected", "report_run"], published)
        self.assertEqual(outcomes, ["EVENT_OUTCOME_DUPLICATE", "EVENT_OUTCOME_ACCEPTED", "EVENT_OUTCOME_ACCEPTED"])
        self.assertEqual(first_steps.stage_of(self.channel, "acme", token), {"onboarding": "adoption"})

        self.assertEqual(first_steps.stage_of(self.channel, "nobody", token), {})

    def test_an_error_tells_its_reason_and_the_field(self):
        import first_steps
        import grpc

        with self.assertRaises(grpc.RpcError) as raised:
            first_steps.publish(self.channel, "Not A Name", first_steps.onboarding())
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        reason, fields = first_steps.details_of(raised.exception)
        self.assertEqual(reason, "INVALID_FIELD")
        self.assertEqual(list(fields), ["journey.journey_id"])

    def test_the_program_itself_runs(self):
        # In a process of its own, as a reader of its first lines starts it.
        environment = dict(os.environ, PYTHONPATH=os.path.join(self.folder, "stubs"))
        run = subprocess.run(
            [sys.executable, os.path.join(HERE, "first_steps.py"), self.address],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("globex stands at: {", run.stdout)
        self.assertIn("'python-onboarding': 'adoption'", run.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
