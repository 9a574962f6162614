from hypothesis import settings

pytest_plugins = ["tests.servers_plugin"]

# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("athena-g", deadline=None)
settings.load_profile("athena-g")
